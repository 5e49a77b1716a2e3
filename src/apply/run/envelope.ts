/** What stands on a message beside its body. */
import { RelayError } from '../../base/errors.ts';
import type { TopicMessage } from '../../topic/topic.ts';

export type Kind = 'rows' | 'copy-mark' | 'statement' | 'progress';

const KNOWN_MARKS = new Set(['oversize', 'partial', 'invalidText']);

/** What the message is. Throws MESSAGE_UNKNOWN for what this version does not know. */
export function kindOf({ properties, tag }: TopicMessage): Kind {
  const format = properties.get('format') ?? '';
  if (format !== 'canal-json')
    throw new RelayError('MESSAGE_UNKNOWN', `its format is ${format}, not canal-json, the only one that is applied`);
  const marks = marksOf(properties);
  const unknown = marks.filter((mark) => !KNOWN_MARKS.has(mark));
  if (unknown.length > 0) throw new RelayError('MESSAGE_UNKNOWN', `it has the mark ${unknown.join(', ')}`);
  if (properties.has('copyMark')) return 'copy-mark';
  if (tag === 'progress') return 'progress';
  if (properties.has('lanes')) return 'statement';
  const kind = properties.get('kind') ?? '';
  if (['INSERT', 'UPDATE', 'DELETE'].includes(kind)) return 'rows';
  throw new RelayError('MESSAGE_UNKNOWN', `its kind is ${kind}`);
}

export function hasInvalidText({ properties }: TopicMessage): boolean {
  return marksOf(properties).includes('invalidText');
}

/** Throws MESSAGE_UNREADABLE. */
export function countIn({ properties }: TopicMessage, name: 'rows' | 'lanes'): number {
  const count = Number(properties.get(name) ?? '');
  if (properties.has(name) && Number.isSafeInteger(count) && count >= 0) return count;
  throw new RelayError('MESSAGE_UNREADABLE', `its property ${name} is no number`);
}

/** Database and table, of which the message says `%XX` for some characters. */
export function tableOf({ properties }: TopicMessage): { readonly database: string; readonly table: string } {
  return { database: decoded(properties.get('schema') ?? ''), table: decoded(properties.get('table') ?? '') };
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/(?:%[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString());
}

const marksOf = (properties: ReadonlyMap<string, string>): readonly string[] =>
  (properties.get('marks') ?? '').split(',').filter((mark) => mark !== '');
