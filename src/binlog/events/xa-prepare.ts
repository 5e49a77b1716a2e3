/**
 * XA_PREPARE: the end of the transaction in which the rows of an XA branch are logged.
 * Source: XA_prepare_event in libs/mysql/binlog/event/control_events.h
 *
 *   one phase 1 | format id 4 | length of gtrid 4 | length of bqual 4 | gtrid | bqual
 */
import { Cursor } from '../wire/cursor.ts';
import { HEADER_BYTES } from '../wire/event-header.ts';
import { readXidNames } from '../statements/xid.ts';

export interface XaPrepare {
  /** XA COMMIT … ONE PHASE: the branch is committed here, and no XA COMMIT follows. */
  readonly isOnePhase: boolean;
  /** The xid without its format id; see xidNames. */
  readonly names: string;
}

/** `end`: after the body, without the checksum. Throws BINLOG_DECODE. */
export function readXaPrepare(b: Buffer, start: number, end: number): XaPrepare {
  const cursor = new Cursor('XA_PREPARE', b, start, start + HEADER_BYTES, end);
  const isOnePhase = cursor.u8('whether it is one phase') !== 0;
  cursor.skip(4, 'a format id');
  const gtridBytes = cursor.u32('the length of the gtrid');
  const bqualBytes = cursor.u32('the length of the bqual');
  return { isOnePhase, names: readXidNames(cursor, gtridBytes, bqualBytes) };
}
