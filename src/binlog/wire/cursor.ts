import { decodeError } from './decode-error.ts';

/**
 * Reads one event from front to back and never beyond its end: what is missing throws BINLOG_DECODE, naming the event
 * and the field. Integers are little-endian. For the events that come once per table or per file; the hot ones read at
 * fixed offsets.
 */
export class Cursor {
  readonly #event: string;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  #at: number;

  /** Reads `bytes[at, end)` of the event that starts at `start`; errors count bytes from there. */
  constructor(event: string, bytes: Buffer, start: number, at: number, end: number) {
    this.#event = event;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = Math.min(end, bytes.length);
    this.#at = at;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  /** Throws BINLOG_DECODE for the place just read. */
  fail(expected: string): never {
    throw decodeError(this.#event, expected, this.#at - this.#start);
  }

  u8(field: string): number {
    return this.#bytes.readUInt8(this.#take(1, field));
  }

  u16(field: string): number {
    return this.#bytes.readUInt16LE(this.#take(2, field));
  }

  u32(field: string): number {
    return this.#bytes.readUInt32LE(this.#take(4, field));
  }

  u48(field: string): number {
    return this.#bytes.readUIntLE(this.#take(6, field), 6);
  }

  u64(field: string): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8, field));
  }

  /** A 64-bit number of which only values below 2^53 make sense: sizes and positions. */
  safe64(field: string): number {
    return this.#safe(this.u64(field), field);
  }

  /**
   * MySQL's packed integer (net_field_length_ll of sql-common/pack.cc): below 251 the byte itself, 252, 253, 254 before
   * 2, 3, 8 bytes.
   */
  packed(field: string): number {
    const first = this.u8(field);
    if (first < 251) return first;
    if (first === 252) return this.u16(field);
    if (first === 253) return this.#bytes.readUIntLE(this.#take(3, field), 3);
    if (first === 254) return this.safe64(field);
    return this.fail(`${field} as a packed integer`);
  }

  /**
   * An unsigned integer of MySQL's serialization library (libs/mysql/serialization/readme.md): as many further bytes as
   * the first one has trailing ones; the value stands in the bits above the zero that ends them, or, after eight ones,
   * in the eight bytes after.
   */
  varint(field: string): bigint {
    const first = this.u8(field);
    let extra = 0;
    while ((first >> extra) & 1) extra++;
    if (extra === 8) return this.u64(field);
    let value = BigInt(first >> (extra + 1));
    let shift = BigInt(7 - extra);
    const from = this.#take(extra, field);
    for (let i = 0; i < extra; i++, shift += 8n) value |= BigInt(this.#bytes.readUInt8(from + i)) << shift;
    return value;
  }

  /** A varint of which only values below 2^53 make sense. */
  safeVarint(field: string): number {
    return this.#safe(this.varint(field), field);
  }

  /** The next `size` bytes as a view of the caller's buffer. */
  view(size: number, field: string): Buffer {
    const from = this.#take(size, field);
    return this.#bytes.subarray(from, this.#at);
  }

  utf8(size: number, field: string): string {
    const from = this.#take(size, field);
    return this.#bytes.toString('utf8', from, this.#at);
  }

  latin1(size: number, field: string): string {
    const from = this.#take(size, field);
    return this.#bytes.toString('latin1', from, this.#at);
  }

  /** Up to the next zero byte, which is passed. */
  zeroTerminated(field: string): string {
    const zero = this.#bytes.subarray(0, this.#end).indexOf(0, this.#at);
    if (zero < 0) this.fail(field);
    const text = this.utf8(zero - this.#at, field);
    this.skip(1, field);
    return text;
  }

  skip(size: number, field: string): void {
    this.#take(size, field);
  }

  /** A cursor over the next `size` bytes; this one goes on after them. */
  part(size: number, field: string): Cursor {
    const from = this.#take(size, field);
    return new Cursor(this.#event, this.#bytes, this.#start, from, this.#at);
  }

  #take(size: number, field: string): number {
    const from = this.#at;
    if (size < 0 || size > this.#end - from) this.fail(field);
    this.#at = from + size;
    return from;
  }

  #safe(value: bigint, field: string): number {
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`${field} below 2^53`);
    return Number(value);
  }
}
