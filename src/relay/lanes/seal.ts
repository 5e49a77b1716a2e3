/** Rows, a statement or a mark as the sink takes them: body, keys and properties. */
import type { Clock } from '../../base/clock.ts';
import { serverGtid } from '../../binlog/gtids/gtids.ts';
import { propertiesOf, type EnvelopeFacts } from '../../format/envelope.ts';
import type { Format, MarkName } from '../../format/format.ts';
import type { OutboundMessage } from '../../sink/sink.ts';
import type { Message } from './message.ts';

export interface SealOptions {
  readonly format: Format;
  readonly clock: Clock;
  /** See Checkpoint. */
  readonly stream: string;
  readonly epoch: number;
  /** The checkpoint that this epoch started from, in words. */
  readonly resume: string;
}

/** Why rows of the message are not whole, or not all as they should be; empty when they are. */
export function marksOf({ class: { plan }, invalidTextRows }: Message): readonly MarkName[] {
  return invalidTextRows === 0 ? plan.marks : [...plan.marks, 'invalidText'];
}

/** Closes the body of the message: nothing can be added any more. `marks`: those of the message, see `marksOf`. */
export function sealRows(
  lane: string,
  message: Message,
  marks: readonly MarkName[],
  sequence: number,
  options: SealOptions,
): OutboundMessage {
  const { plan, kind } = message.class;
  const [firstChange, lastChange] = message.firstAndLastChange();
  message.data.append(
    plan.format.tail({
      kind,
      firstChange,
      old: message.old.written(),
      changes: message.changes.written(),
      invalidText: message.invalidText.written(),
      gtid: message.hasGtid ? serverGtid(lastChange.slice(0, lastChange.lastIndexOf('#'))) : '',
      commitTimeMs: message.commitTimeMs,
      packedAtMs: options.clock.now(),
      sequence,
    }),
  );
  message.recycleNotes();
  return {
    lane,
    tag: plan.tag,
    keys: message.keys?.values ?? [],
    properties: propertiesOf({
      ...ofRun(options, sequence),
      database: plan.table.database,
      table: plan.table.name,
      kind,
      rows: message.rows,
      firstChange,
      lastChange,
      marks,
      copy: plan.copy,
    }),
    body: message.data.written(),
  };
}

/** What the message of a statement, or of a mark, carries. */
export interface SealedAnnounced extends Pick<EnvelopeFacts, 'database' | 'table' | 'kind' | 'copy' | 'copyMark'> {
  readonly tag: string;
  /** Whole change id. */
  readonly id: string;
  /** `packedAtMs`: ms since 1970. */
  readonly body: (packedAtMs: number, sequence: number) => Buffer;
}

/** `lanes`: how many carry the message. */
export function sealAnnounced(
  lane: string,
  { tag, id, body, database, table, kind, copy, copyMark }: SealedAnnounced,
  sequence: number,
  lanes: number,
  options: SealOptions,
): OutboundMessage {
  return {
    lane,
    tag,
    keys: [],
    properties: propertiesOf({
      ...ofRun(options, sequence),
      database,
      table,
      kind,
      rows: 0,
      firstChange: id,
      lastChange: id,
      lanes,
      marks: [],
      copy,
      copyMark,
    }),
    body: body(options.clock.now(), sequence),
  };
}

/** What every message says of the run, and of its place in it. */
function ofRun(
  { format, stream, epoch, resume }: SealOptions,
  sequence: number,
): Pick<EnvelopeFacts, 'format' | 'stream' | 'epoch' | 'sequence' | 'resume'> {
  return { format: format.name, stream, epoch, sequence, resume: sequence === 1 ? resume : undefined };
}
