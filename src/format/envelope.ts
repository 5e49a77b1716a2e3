import type { DdlType } from '../binlog/statements/ddl-statement.ts';
import type { ChangeKind, CopyMark, FormatName, MarkName } from './format.ts';
import { encodeText } from './properties.ts';

/** What stands on a message beside its body, for readers that filter or check without parsing it. */
export interface EnvelopeFacts {
  readonly format: FormatName;
  readonly database: string;
  readonly table: string;
  readonly kind: ChangeKind | DdlType;
  readonly rows: number;
  /** Whole change ids. */
  readonly firstChange: string;
  readonly lastChange: string;
  readonly stream: string;
  readonly epoch: number;
  readonly sequence: number;
  /** The checkpoint that the epoch started from; only on the first message of a lane in an epoch. */
  readonly resume: string | undefined;
  /** Only on the message of a statement, or of a mark: how many lanes carry it. */
  readonly lanes?: number;
  /** Empty for ordinary rows. */
  readonly marks: readonly MarkName[];
  /** Id of the copy that the rows, or the mark, are of; undefined for what the stream brings. */
  readonly copy?: string | undefined;
  /** Only on the message that says where the copy of a table begins or ends. */
  readonly copyMark?: CopyMark['what'] | undefined;
}

/** The properties of a message, encoded so that RocketMQ takes them. */
export function propertiesOf(facts: EnvelopeFacts): Map<string, string> {
  const properties = new Map<string, string>([
    ['format', facts.format],
    ['schema', encodeText(facts.database)],
    ['table', encodeText(facts.table)],
    ['kind', facts.kind],
    ['rows', String(facts.rows)],
    ['first', encodeText(facts.firstChange)],
    ['last', encodeText(facts.lastChange)],
    ['stream', facts.stream],
    ['epoch', String(facts.epoch)],
    ['sequence', String(facts.sequence)],
  ]);
  const required = properties.size;
  if (facts.marks.length > 0) properties.set('marks', facts.marks.join());
  if (facts.resume !== undefined) properties.set('resume', encodeText(facts.resume));
  if (facts.lanes !== undefined) properties.set('lanes', String(facts.lanes));
  if (facts.copy !== undefined) properties.set('copy', facts.copy);
  if (facts.copyMark !== undefined) properties.set('copyMark', facts.copyMark);
  // A broker may come to hold a message in part: a reader sees by this what it lacks.
  properties.set('optional', [...properties.keys()].slice(required).join() || '-');
  return properties;
}
