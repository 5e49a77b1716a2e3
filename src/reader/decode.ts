import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';
import type { LaneMark } from '../topic/gate.ts';
import { placeOf, type TopicMessage } from '../topic/topic.ts';
import { asObject, BodyProblem, listOf, numberOf, objectIn, textOf, textsOf, type Json } from './body.ts';
import type { Change, CopyMark, Place, Progress, Statement } from './reader.ts';
import { gtidOf, rowChanges, type MessageFacts, type RowKind } from './rows.ts';

/** What this version knows; anything else on a message might change what it means. */
const FORMAT = 'canal-json';
const KNOWN_MARKS: ReadonlySet<string> = new Set(['oversize', 'partial', 'invalidText']);
const ROW_KINDS: ReadonlyMap<string, RowKind> = new Map([
  ['INSERT', 'insert'],
  ['UPDATE', 'update'],
  ['DELETE', 'delete'],
]);
const PROGRESS_TAG = 'progress';

export const isProgress = ({ tag }: TopicMessage): boolean => tag === PROGRESS_TAG;

/**
 * All changes of a message, repeats included. Throws MESSAGE_UNREADABLE or MESSAGE_UNKNOWN, naming its place: nothing
 * is ever passed over.
 */
export function changesOf(message: TopicMessage, mark: LaneMark): readonly Change[] {
  assertKnown(message);
  const { lane, queue, offset } = message;
  const at = { lane, queue, offset, stream: mark.stream, epoch: mark.epoch, sequence: mark.sequence };
  try {
    const json = objectIn(message.body);
    if (isProgress(message)) return [progressOf(json, at)];
    const facts = {
      database: textOf(json, 'database'),
      table: textOf(json, 'table'),
      committedMs: numberOf(json, 'es'),
      at,
    };
    if (json['isDdl'] === true) return [statementOf(json, facts, lanesOf(message))];
    if (json['copy'] !== undefined) return [copyMarkOf(json, facts, lanesOf(message))];
    const kind = ROW_KINDS.get(textOf(json, 'type'));
    if (kind === undefined) throw problem(message, 'MESSAGE_UNKNOWN', `its type is "${textOf(json, 'type')}"`);
    return rowChanges(json, kind, facts, message.properties.get('copy'));
  } catch (thrown) {
    if (thrown instanceof BodyProblem) throw problem(message, 'MESSAGE_UNREADABLE', thrown.message);
    throw thrown;
  }
}

function assertKnown(message: TopicMessage): void {
  const format = message.properties.get('format');
  if (format === undefined) throw problem(message, 'MESSAGE_UNREADABLE', 'it has no property format');
  if (format !== FORMAT) throw problem(message, 'MESSAGE_UNKNOWN', `its format is "${format}", not ${FORMAT}`);
  const marks = (message.properties.get('marks') ?? '').split(',').filter((name) => name !== '');
  const unknown = marks.filter((name) => !KNOWN_MARKS.has(name));
  if (unknown.length > 0) throw problem(message, 'MESSAGE_UNKNOWN', `it has the mark ${unknown.join(', ')}`);
}

function problem(message: TopicMessage, code: Code, what: string): RelayError {
  const { topic, broker, queue, offset } = message;
  return new RelayError(code, `${placeOf(message)}: ${what}.`, {
    ...(code === 'MESSAGE_UNREADABLE' && {
      remedy: `Nothing was skipped. Look at the message: mqadmin queryMsgByOffset -n <name server>:9876 -t ${topic} -b ${broker} -i ${queue} -o ${offset}. If another program publishes to the topic, give it one of its own.`,
    }),
  });
}

function lanesOf({ properties }: TopicMessage): number {
  const lanes = Number(properties.get('lanes'));
  if (!Number.isSafeInteger(lanes) || lanes < 1) throw new BodyProblem('its property lanes is not a number');
  return lanes;
}

/** A message that has one change, and no rows. */
function only(json: Json): { readonly id: string; readonly gtid: string } {
  const [entry, ...more] = textsOf(json, 'changes');
  if (entry === undefined || more.length > 0) throw new BodyProblem('changes has not exactly one entry');
  const source = textOf(json, 'source');
  return { id: `${source}:${entry}`, gtid: textOf(json, 'gtid') === '' ? '' : gtidOf(source, entry) };
}

function statementOf(json: Json, facts: MessageFacts, lanes: number): Statement {
  const tables = listOf(json, 'tables').map((value): readonly [string, string | null] => {
    const [database, table] = Array.isArray(value) ? (value as readonly unknown[]) : [];
    if (typeof database !== 'string' || (typeof table !== 'string' && table !== null)) {
      throw new BodyProblem('tables is not a list of pairs');
    }
    return [database, table];
  });
  return {
    kind: 'statement',
    ...facts,
    ...only(json),
    type: textOf(json, 'type'),
    sql: textOf(json, 'sql'),
    tables,
    lanes,
  };
}

function copyMarkOf(json: Json, facts: MessageFacts, lanes: number): CopyMark {
  const copy = asObject(json['copy'], 'copy');
  const mark = textOf(copy, 'mark');
  if (mark !== 'begin' && mark !== 'end') throw new BodyProblem(`the mark of the copy is "${mark}"`);
  return {
    kind: mark === 'begin' ? 'copy-begin' : 'copy-end',
    ...facts,
    ...only(json),
    copy: textOf(copy, 'id'),
    sql: textOf(json, 'sql'),
    rows: numberOf(copy, 'rows'),
    replaces: copy['replaces'] === true,
    lanes,
  };
}

function progressOf(body: Json, at: Place): Progress {
  return { kind: 'progress', body, at };
}
