/**
 * A reader of Prometheus' text format 0.0.4 as strict as `promtool check metrics`: throws on the first line that is not
 * legal.
 */

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Labels as they are written, `{a="b"}` or empty, to value; of a histogram `_bucket`, `_sum` or `_count` first. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const HELP = new RegExp(`^# HELP (${NAME}) (.+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(`^(${NAME})(\\{${LABEL}(?:,${LABEL})*\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|[+-]Inf)$`);

export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family & { samples: Map<string, number> }>();
  let help: { name: string; text: string } | undefined;
  let current: (Family & { samples: Map<string, number> }) | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, helpName, helpText] = HELP.exec(line) ?? [];
    const [, typeName, type] = TYPE.exec(line) ?? [];
    const [, sampleName, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (helpName !== undefined && helpText !== undefined) {
      help = { name: helpName, text: helpText };
    } else if (typeName !== undefined && type !== undefined) {
      if (help?.name !== typeName) throw new Error(`no HELP before: ${line}`);
      if (families.has(typeName)) throw new Error(`twice: ${line}`);
      if ((type === 'counter') !== typeName.endsWith('_total')) throw new Error(`_total is for counters: ${line}`);
      current = { name: typeName, type, help: help.text, samples: new Map() };
      families.set(typeName, current);
    } else if (sampleName !== undefined && value !== undefined) {
      const suffix = current?.type === 'histogram' ? (/_(?:bucket|sum|count)$/.exec(sampleName)?.[0] ?? '') : '';
      if (current === undefined || `${current.name}${suffix}` !== sampleName)
        throw new Error(`not under its TYPE: ${line}`);
      if (current.type === 'histogram' && suffix === '') throw new Error(`no part of a histogram: ${line}`);
      if (current.samples.has(`${suffix}${labels}`)) throw new Error(`twice: ${line}`);
      current.samples.set(`${suffix}${labels}`, Number(value.replace('Inf', 'Infinity')));
    } else throw new Error(`not legal: ${line}`);
  }
  return families;
}
