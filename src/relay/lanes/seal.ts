/** Rows or a statement as the sink takes them: body, keys and properties. */
import type { Clock } from '../../base/clock.ts';
import { serverGtid } from '../../binlog/gtids/gtids.ts';
import { propertiesOf } from '../../format/envelope.ts';
import type { CopyMark, Format, MarkName, PublishedDdl } from '../../format/format.ts';
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
  { format, clock, stream, epoch, resume }: SealOptions,
): OutboundMessage {
  const { plan, kind } = message.class;
  const [firstChange, lastChange] = message.firstAndLastChange();
  message.data.append(
    plan.format.tail({
      kind,
      old: message.old.written(),
      changes: message.changes.written(),
      invalidText: message.invalidText.written(),
      gtid: message.hasGtid ? serverGtid(lastChange.slice(0, lastChange.lastIndexOf('#'))) : '',
      commitTimeMs: message.commitTimeMs,
      packedAtMs: clock.now(),
      sequence,
    }),
  );
  message.recycleNotes();
  return {
    lane,
    tag: plan.tag,
    keys: message.keys?.values ?? [],
    properties: propertiesOf({
      format: format.name,
      database: plan.table.database,
      table: plan.table.name,
      kind,
      rows: message.rows,
      firstChange,
      lastChange,
      stream,
      epoch,
      sequence,
      resume: sequence === 1 ? resume : undefined,
      marks,
      copy: plan.copy,
    }),
    body: message.data.written(),
  };
}

/** `lanes`: how many carry the statement. */
export function sealDdl(
  lane: string,
  ddl: PublishedDdl,
  sequence: number,
  lanes: number,
  { format, clock, stream, epoch, resume }: SealOptions,
): OutboundMessage {
  const id = `${ddl.source}:${ddl.change}`;
  return {
    lane,
    tag: DDL_TAG,
    keys: [],
    properties: propertiesOf({
      format: format.name,
      database: ddl.tables[0]?.database ?? ANY,
      table: ddl.tables[0]?.table ?? ANY,
      kind: ddl.type,
      rows: 0,
      firstChange: id,
      lastChange: id,
      stream,
      epoch,
      sequence,
      resume: sequence === 1 ? resume : undefined,
      lanes,
      marks: [],
    }),
    body: format.ddl({ ...ddl, packedAtMs: clock.now(), sequence }),
  };
}

/** As `sealDdl`. */
export function sealCopyMark(
  lane: string,
  mark: CopyMark,
  sequence: number,
  lanes: number,
  { format, clock, stream, epoch, resume }: SealOptions,
): OutboundMessage {
  const id = `${mark.source}:${mark.change}`;
  return {
    lane,
    tag: COPY_TAG,
    keys: [],
    properties: propertiesOf({
      format: format.name,
      database: mark.database,
      table: mark.table,
      kind: 'CREATE',
      rows: 0,
      firstChange: id,
      lastChange: id,
      stream,
      epoch,
      sequence,
      resume: sequence === 1 ? resume : undefined,
      lanes,
      marks: [],
      copy: mark.copy,
      copyMark: mark.what,
    }),
    body: format.copyMark({ ...mark, packedAtMs: clock.now(), sequence }),
  };
}

/** No table's tag is one word. */
const DDL_TAG = 'ddl';
const COPY_TAG = 'copy';
const ANY = '*';
