import type { RelayError } from '../../base/errors.ts';
import { writeBase64 } from '../bytes/base64.ts';
import { i32le, u16le, u8 } from '../bytes/bytes.ts';
import { writeAscii, writeInt32, writeSigned64, writeUnsigned, writeUnsigned64 } from '../bytes/digits.ts';
import { doubleText } from '../columns/float.ts';
import { isInlined, JSON_TYPE, MAX_JSON_DEPTH } from './json-binary.ts';
import type { JsonNotation } from './json-notation.ts';
import { opaqueDecimal, opaqueTemporal } from './json-opaque.ts';
import { TYPE } from '../wire/column-types.ts';
import { malformedValue } from '../bytes/malformed.ts';
import { notUtf8 } from '../columns/text.ts';
import { sequenceBytes } from '../bytes/utf8.ts';

const LITERALS = ['null', 'true', 'false'];
/** base64_encode of include/base64.h begins a new line after 76 characters. */
const BASE64_LINE_BYTES = 57;
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);
/** MY_GCVT_MAX_FIELD_WIDTH: the characters that a double in JSON is given, more than one in a column. */
const DOUBLE_WIDTH = 34;

/**
 * Writes documents of sql-common/json_binary.cc as wrapper_to_string of sql-common/json_dom.cc prints them.
 *
 * A document is a type byte and a value. An object or array is: count, size in bytes, for objects one entry a key
 * (offset, two bytes of length), one entry a value (type byte, offset or, where it fits, the value itself), then keys
 * and values. Counts, sizes and offsets take two bytes in the small form, four in the large one; offsets count from the
 * count. All integers are little-endian.
 */
export class JsonDocument {
  readonly #column: string;
  readonly #notation: JsonNotation;
  #out: Uint8Array = NOTHING;
  #b: Buffer = NOTHING;
  #o = 0;
  /**
   * Bytes of the document that nothing has been read from. Values that overlap would print more text than memory holds.
   */
  #unread = 0;

  /** `column` is named in errors. */
  constructor(column: string, notation: JsonNotation) {
    this.#column = column;
    this.#notation = notation;
  }

  /** Keeps the contract of WriteText. Throws BINLOG_DECODE for bytes that are no document. */
  write(out: Uint8Array, o: number, b: Buffer, p: number, e: number): number {
    this.#out = out;
    this.#b = b;
    this.#o = o;
    this.#unread = e - p;
    // MySQL reads the empty value, which lax INSERTs of NULL leave behind, as the literal null.
    if (p === e) this.#ascii('null');
    else this.#value(u8(b, p), p + 1, e, 0);
    // The buffers are the caller's: holding on to them would keep a whole socket read alive.
    this.#out = NOTHING;
    this.#b = NOTHING;
    return this.#o;
  }

  #value(type: number, p: number, e: number, depth: number): void {
    const b = this.#b;
    switch (type) {
      case JSON_TYPE.SMALL_OBJECT:
      case JSON_TYPE.SMALL_ARRAY:
        this.#container(type === JSON_TYPE.SMALL_OBJECT, false, p, e, depth + 1);
        return;
      case JSON_TYPE.LARGE_OBJECT:
      case JSON_TYPE.LARGE_ARRAY:
        this.#container(type === JSON_TYPE.LARGE_OBJECT, true, p, e, depth + 1);
        return;
      case JSON_TYPE.LITERAL: {
        this.#need(1, p, e);
        const literal = LITERALS[u8(b, p)];
        if (literal === undefined) throw this.#malformed();
        this.#ascii(literal);
        return;
      }
      case JSON_TYPE.INT16:
        this.#need(2, p, e);
        this.#o = writeInt32(this.#out, this.#o, (u16le(b, p) << 16) >> 16);
        return;
      case JSON_TYPE.UINT16:
        this.#need(2, p, e);
        this.#o = writeUnsigned(this.#out, this.#o, u16le(b, p));
        return;
      case JSON_TYPE.INT32:
        this.#need(4, p, e);
        this.#o = writeInt32(this.#out, this.#o, i32le(b, p));
        return;
      case JSON_TYPE.UINT32:
        this.#need(4, p, e);
        this.#o = writeUnsigned(this.#out, this.#o, i32le(b, p) >>> 0);
        return;
      case JSON_TYPE.INT64:
        this.#need(8, p, e);
        this.#o = writeSigned64(this.#out, this.#o, i32le(b, p + 4) >>> 0, i32le(b, p) >>> 0);
        return;
      case JSON_TYPE.UINT64:
        this.#need(8, p, e);
        this.#o = writeUnsigned64(this.#out, this.#o, i32le(b, p + 4) >>> 0, i32le(b, p) >>> 0);
        return;
      case JSON_TYPE.DOUBLE: {
        this.#need(8, p, e);
        const value = b.readDoubleLE(p);
        if (!Number.isFinite(value)) throw this.#malformed();
        const text = doubleText(value, DOUBLE_WIDTH);
        // A double stays one: 1.0, not 1.
        this.#ascii(/[.e]/.test(text) ? text : `${text}.0`);
        return;
      }
      case JSON_TYPE.STRING: {
        const { start, end } = this.#data(p, e);
        this.#string(start, end);
        return;
      }
      case JSON_TYPE.OPAQUE: {
        this.#need(1, p, e);
        const { start, end } = this.#data(p + 1, e);
        this.#opaque(u8(b, p), start, end);
        return;
      }
      default:
        throw this.#malformed();
    }
  }

  #container(isObject: boolean, isLarge: boolean, p: number, e: number, depth: number): void {
    if (depth > MAX_JSON_DEPTH) throw this.#malformed();
    const b = this.#b;
    const width = isLarge ? 4 : 2;
    this.#need(2 * width, p, e);
    const count = isLarge ? i32le(b, p) >>> 0 : u16le(b, p);
    const end = p + (isLarge ? i32le(b, p + width) >>> 0 : u16le(b, p + width));
    const keys = p + 2 * width;
    const values = keys + (isObject ? count * (width + 2) : 0);
    if (end > e || values + count * (1 + width) > end) throw this.#malformed();
    this.#take(values + count * (1 + width) - p);

    this.#byte(isObject ? 0x7b : 0x5b);
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#ascii(', ');
      if (isObject) {
        const entry = keys + i * (width + 2);
        const start = p + (isLarge ? i32le(b, entry) >>> 0 : u16le(b, entry));
        const keyEnd = start + u16le(b, entry + width);
        if (keyEnd > end) throw this.#malformed();
        this.#take(keyEnd - start);
        this.#string(start, keyEnd);
        this.#ascii(': ');
      }
      const entry = values + i * (1 + width);
      const type = u8(b, entry);
      if (isInlined(type, isLarge)) this.#value(type, entry + 1, end, depth);
      else this.#value(type, p + (isLarge ? i32le(b, entry + 1) >>> 0 : u16le(b, entry + 1)), end, depth);
    }
    this.#byte(isObject ? 0x7d : 0x5d);
  }

  /** The bytes after a length in groups of seven bits, the lowest first, the top bit set in all but the last. */
  #data(p: number, e: number): { readonly start: number; readonly end: number } {
    let length = 0;
    let at = p;
    for (let factor = 1; ; factor *= 128) {
      if (at >= e || factor > 2 ** 28) throw this.#malformed();
      const byte = u8(this.#b, at);
      at += 1;
      length += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    if (length > e - at) throw this.#malformed();
    this.#take(length);
    return { start: at, end: at + length };
  }

  #opaque(type: number, start: number, end: number): void {
    const data = this.#b.subarray(start, end);
    switch (type) {
      case TYPE.NEWDECIMAL:
        this.#o = opaqueDecimal(this.#column, this.#out, this.#o, data);
        return;
      case TYPE.DATE:
      case TYPE.TIME:
      case TYPE.DATETIME:
      case TYPE.TIMESTAMP:
        this.#bytes(this.#notation.quote);
        this.#ascii(opaqueTemporal(this.#column, type, data));
        this.#bytes(this.#notation.quote);
        return;
      case TYPE.VAR_STRING:
        this.#string(start, end);
        return;
      default:
        this.#bytes(this.#notation.quote);
        this.#ascii(`base64:type${type}:`);
        for (let line = start; line < end; line += BASE64_LINE_BYTES) {
          if (line > start) this.#bytes(this.#notation.escapes[NEWLINE] ?? NOTHING);
          const lineEnd = Math.min(end, line + BASE64_LINE_BYTES);
          this.#o = writeBase64(this.#out, this.#o, this.#b, line, lineEnd, lineEnd);
        }
        this.#bytes(this.#notation.quote);
    }
  }

  #string(start: number, end: number): void {
    this.#bytes(this.#notation.quote);
    const b = this.#b;
    const escapes = this.#notation.escapes;
    for (let q = start; q < end;) {
      const byte = u8(b, q);
      if (byte >= 0x80) {
        const bytes = sequenceBytes(b, q, end);
        if (bytes === 0) throw notUtf8(this.#column);
        for (let i = 0; i < bytes; i++) this.#byte(u8(b, q + i));
        q += bytes;
        continue;
      }
      const escape = escapes[byte];
      if (escape === undefined) this.#byte(byte);
      else this.#bytes(escape);
      q += 1;
    }
    this.#bytes(this.#notation.quote);
  }

  #byte(byte: number): void {
    this.#out[this.#o] = byte;
    this.#o += 1;
  }

  #bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.#byte(byte);
  }

  #ascii(text: string): void {
    this.#o = writeAscii(this.#out, this.#o, text);
  }

  #take(bytes: number): void {
    this.#unread -= bytes;
    if (this.#unread < 0) throw this.#malformed();
  }

  #need(bytes: number, p: number, e: number): void {
    if (p + bytes > e) throw this.#malformed();
  }

  #malformed(): RelayError {
    return malformedValue(this.#column, 'a JSON document');
  }
}
