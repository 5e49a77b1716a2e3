/**
 * QUERY_COMPRESSED and the compressed rows events of MariaDB (log_bin_compress=ON). Source: query_event_uncompress and
 * row_log_event_uncompress in sql/log_event.cc of MariaDB
 *
 * They are like the plain events up to the statement, or to the first row image; what follows there is compressed, see
 * inflate.ts.
 */
import { decodeError } from '../wire/decode-error.ts';
import { eventType, HEADER_BYTES, setEventSize } from '../wire/event-header.ts';
import { EVENT, eventName } from '../wire/event-types.ts';
import { inflateEventPart } from '../wire/inflate.ts';
import { statementStart, VARIABLES } from '../statements/query.ts';
import { newRowsHeader, readRowsHeader } from '../rows/rows.ts';

const PLAIN = new Map<number, number>([
  [EVENT.QUERY_COMPRESSED, EVENT.QUERY],
  [EVENT.WRITE_ROWS_COMPRESSED_V1, EVENT.WRITE_ROWS_V1],
  [EVENT.UPDATE_ROWS_COMPRESSED_V1, EVENT.UPDATE_ROWS_V1],
  [EVENT.DELETE_ROWS_COMPRESSED_V1, EVENT.DELETE_ROWS_V1],
  [EVENT.WRITE_ROWS_COMPRESSED, EVENT.WRITE_ROWS],
  [EVENT.UPDATE_ROWS_COMPRESSED, EVENT.UPDATE_ROWS],
  [EVENT.DELETE_ROWS_COMPRESSED, EVENT.DELETE_ROWS],
]);
const TYPE = 4;
/** MariaDB's own limit, that of max_allowed_packet. */
const MAX_BYTES = 2 ** 30;

/**
 * The plain event, without a checksum, of a compressed one in `b[start, end)`, `end` without the checksum. Throws
 * BINLOG_DECODE.
 */
export function plainEvent(b: Buffer, start: number, end: number): Buffer {
  const name = eventName(eventType(b, start));
  const type = PLAIN.get(eventType(b, start));
  if (type === undefined) throw decodeError(name, 'a compressed event', TYPE);
  const head = Buffer.from(b.subarray(start, end));
  head.writeUInt8(type, TYPE);
  const from = type === EVENT.QUERY ? statementOffset(head, name) : rowsOffset(head);
  const rest = inflateEventPart(head, from, head.length, name);
  const sizeBytes = from + rest.length;
  if (sizeBytes > MAX_BYTES) throw decodeError(name, `at most ${MAX_BYTES} bytes`, from);
  const plain = Buffer.concat([head.subarray(0, from), rest], sizeBytes);
  setEventSize(plain, 0, sizeBytes);
  return plain;
}

function statementOffset(b: Buffer, name: string): number {
  if (b.length < VARIABLES) throw decodeError(name, 'a head', HEADER_BYTES);
  const from = statementStart(b, 0);
  if (from > b.length) throw decodeError(name, 'status variables and a database', VARIABLES);
  return from;
}

function rowsOffset(b: Buffer): number {
  const header = newRowsHeader();
  readRowsHeader(b, 0, b.length, header);
  return header.rows;
}
