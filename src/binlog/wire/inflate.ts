/**
 * MariaDB's compressed values, each with its size before it. Of an event (log_bin_compress; binlog_buf_compress in
 * sql/log_event.cc of MariaDB):
 *
 *   128 + 16 * algorithm (0: zlib) + bytes of the size 1 | size, high byte first | zlib
 *
 * Of a column (COMPRESSED; Field_longstr::compress in sql/field.cc of MariaDB), a value of no bytes is empty:
 *
 *   0 | the value as it is      or      16 * method (8: zlib) + 8 if without zlib's header + bytes of the size 1 | size, high byte first | zlib
 *
 * A size that the compressed bytes cannot give is refused before anything is allocated for it.
 */
import { inflateRawSync, inflateSync } from 'node:zlib';
import { decodeError } from './decode-error.ts';

const HEADER = 0x80;
const METHOD = 0xf0;
const RAW = 0x08;
const SIZE_BYTES = 0x07;
const MAX_SIZE_BYTES = 4;
/** The most that deflate gives for a byte. */
const MAX_RATIO = 1032;

/** The bytes of the compressed part of an event in `b[p, e)`. Throws BINLOG_DECODE, naming `what`. */
export function inflateEventPart(b: Buffer, p: number, e: number, what: string): Buffer {
  const header = p < e ? b.readUInt8(p) : 0;
  if ((header & METHOD) !== HEADER || (header & RAW) !== 0)
    throw decodeError(what, 'bytes that are compressed by zlib', p);
  return inflated(b, p, e, header, what);
}

/** The value of a COMPRESSED column in `b[p, e)`, which may be those bytes themselves. Throws BINLOG_DECODE. */
export function inflateValue(b: Buffer, p: number, e: number, column: string): Buffer {
  if (p >= e) return NOTHING;
  const header = b.readUInt8(p);
  if (header === 0) return b.subarray(p + 1, e);
  if ((header & METHOD) !== HEADER) throw decodeError(`column ${column}`, 'a value that is compressed by zlib', 0);
  return inflated(b, p, e, header, `column ${column}`);
}

function inflated(b: Buffer, p: number, e: number, header: number, what: string): Buffer {
  const sizeBytes = header & SIZE_BYTES;
  const from = p + 1 + sizeBytes;
  if (sizeBytes < 1 || sizeBytes > MAX_SIZE_BYTES || from > e) throw decodeError(what, 'a size of 1 to 4 bytes', 0);
  const size = b.readUIntBE(p + 1, sizeBytes);
  if (size < 1 || size > (e - from) * MAX_RATIO)
    throw decodeError(what, 'a size that its compressed bytes can give', 1);
  const compressed = b.subarray(from, e);
  let bytes: Buffer;
  try {
    const options = { maxOutputLength: size };
    bytes = (header & RAW) !== 0 ? inflateRawSync(compressed, options) : inflateSync(compressed, options);
  } catch {
    // The library's error may hold bytes of the value.
    throw decodeError(what, 'sound compressed bytes', 1 + sizeBytes);
  }
  if (bytes.length !== size) throw decodeError(what, `${size} bytes when decompressed, not ${bytes.length}`, 1);
  return bytes;
}

const NOTHING = Buffer.alloc(0);
