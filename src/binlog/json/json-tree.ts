/**
 * A binary JSON document (the layout is told in json-document.ts) taken apart where it is to be changed, and put
 * together again. What is not opened stays the bytes it was: every value can stand under any parent, since offsets
 * count from their own container.
 */
import { u16le, u8 } from '../bytes/bytes.ts';
import { isInlined, JSON_TYPE } from './json-binary.ts';
import { malformedValue } from '../bytes/malformed.ts';

/** A value as it stands in a document: its type byte, and the bytes after it. */
export interface ClosedJson {
  readonly kind: 'closed';
  readonly type: number;
  readonly bytes: Buffer;
}

export interface JsonObject {
  readonly kind: 'object';
  /** By key, whose UTF-8 bytes are the characters: a text of latin1. */
  readonly members: Map<string, JsonNode>;
}

export interface JsonArray {
  readonly kind: 'array';
  readonly items: JsonNode[];
}

export type JsonNode = ClosedJson | JsonObject | JsonArray;

const NULL = Buffer.of(JSON_TYPE.LITERAL, 0);
/** What fits the counts, sizes and offsets of the small form. */
const SMALL_LIMIT = 0xffff;

/** A whole document. `column` is named in errors. MySQL reads the empty value as the literal null. */
export function jsonDocument(column: string, bytes: Buffer): ClosedJson {
  const document = bytes.length === 0 ? NULL : bytes;
  return closed(column, u8(document, 0), document, 1, document.length);
}

/** The node with its own members or items in reach; a scalar as it is. Throws BINLOG_DECODE. */
export function openJson(column: string, node: JsonNode): JsonNode {
  if (node.kind !== 'closed') return node;
  const { type, bytes } = node;
  const isObject = type === JSON_TYPE.SMALL_OBJECT || type === JSON_TYPE.LARGE_OBJECT;
  if (!isObject && type !== JSON_TYPE.SMALL_ARRAY && type !== JSON_TYPE.LARGE_ARRAY) return node;
  const isLarge = type === JSON_TYPE.LARGE_OBJECT || type === JSON_TYPE.LARGE_ARRAY;
  const width = isLarge ? 4 : 2;
  const end = bytes.length;
  const count = bytes.readUIntLE(0, width);
  const keys = 2 * width;
  const values = keys + (isObject ? count * (width + 2) : 0);
  if (values + count * (1 + width) > end) throw malformed(column);

  const members = new Map<string, JsonNode>();
  const items: JsonNode[] = [];
  // Values that overlap would take more memory, each by itself, than the document.
  let unread = end;
  for (let i = 0; i < count; i++) {
    const entry = values + i * (1 + width);
    const valueType = u8(bytes, entry);
    const at = isInlined(valueType, isLarge) ? entry + 1 : bytes.readUIntLE(entry + 1, width);
    const value = closed(column, valueType, bytes, at, end);
    unread -= value.bytes.length;
    if (unread < 0) throw malformed(column);
    if (!isObject) {
      items.push(value);
      continue;
    }
    const keyEntry = keys + i * (width + 2);
    const key = bytes.readUIntLE(keyEntry, width);
    const keyEnd = key + u16le(bytes, keyEntry + width);
    unread -= keyEnd - key;
    if (keyEnd > end || unread < 0) throw malformed(column);
    members.set(bytes.toString('latin1', key, keyEnd), value);
  }
  return isObject ? { kind: 'object', members } : { kind: 'array', items };
}

/** The bytes of a document whose root is `node`. */
export function jsonBytes(node: JsonNode): Buffer {
  const { type, bytes } = close(node);
  return Buffer.concat([Buffer.of(type), bytes]);
}

/** `p`: where the value begins, after its type byte; the value must end before `e`. */
function closed(column: string, type: number, b: Buffer, p: number, e: number): ClosedJson {
  const end = valueEnd(type, b, p, e);
  if (end === undefined || end > e) throw malformed(column);
  return { kind: 'closed', type, bytes: b.subarray(p, end) };
}

function valueEnd(type: number, b: Buffer, p: number, e: number): number | undefined {
  switch (type) {
    case JSON_TYPE.SMALL_OBJECT:
    case JSON_TYPE.SMALL_ARRAY:
      return p + 4 > e ? undefined : containerEnd(p, b.readUInt16LE(p + 2), 4);
    case JSON_TYPE.LARGE_OBJECT:
    case JSON_TYPE.LARGE_ARRAY:
      return p + 8 > e ? undefined : containerEnd(p, b.readUInt32LE(p + 4), 8);
    case JSON_TYPE.LITERAL:
      return p + 1;
    case JSON_TYPE.INT16:
    case JSON_TYPE.UINT16:
      return p + 2;
    case JSON_TYPE.INT32:
    case JSON_TYPE.UINT32:
      return p + 4;
    case JSON_TYPE.INT64:
    case JSON_TYPE.UINT64:
    case JSON_TYPE.DOUBLE:
      return p + 8;
    case JSON_TYPE.STRING:
      return dataEnd(b, p, e);
    case JSON_TYPE.OPAQUE:
      return dataEnd(b, p + 1, e);
    default:
      return undefined;
  }
}

const containerEnd = (p: number, size: number, least: number): number | undefined =>
  size < least ? undefined : p + size;

/** Behind a length in groups of seven bits, the lowest first, and as many bytes. */
function dataEnd(b: Buffer, p: number, e: number): number | undefined {
  let length = 0;
  for (let at = p, factor = 1; at < e && factor <= 2 ** 28; at++, factor *= 128) {
    const byte = u8(b, at);
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return at + 1 + length;
  }
  return undefined;
}

function close(node: JsonNode): ClosedJson {
  switch (node.kind) {
    case 'closed':
      return node;
    case 'array':
      return closeContainer([], node.items.map(close), JSON_TYPE.SMALL_ARRAY, JSON_TYPE.LARGE_ARRAY);
    case 'object': {
      const entries = [...node.members].sort(byKey);
      const keys = entries.map(([key]) => Buffer.from(key, 'latin1'));
      const values = entries.map(([, value]) => close(value));
      return closeContainer(keys, values, JSON_TYPE.SMALL_OBJECT, JSON_TYPE.LARGE_OBJECT);
    }
  }
}

/** The order of Json_key_comparator in sql-common/json_dom.h: by length, then by bytes. */
function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a.length !== b.length ? a.length - b.length : a < b ? -1 : 1;
}

/** `keys` is empty for an array. */
function closeContainer(
  keys: readonly Buffer[],
  values: readonly ClosedJson[],
  small: number,
  large: number,
): ClosedJson {
  const isLarge = Math.max(values.length, containerBytes(keys, values, false)) > SMALL_LIMIT;
  const width = isLarge ? 4 : 2;
  const size = containerBytes(keys, values, isLarge);
  const bytes = Buffer.alloc(size);
  let entry = bytes.writeUIntLE(size, bytes.writeUIntLE(values.length, 0, width), width);
  let at = entry + keys.length * (width + 2) + values.length * (1 + width);
  for (const key of keys) {
    entry = bytes.writeUInt16LE(key.length, bytes.writeUIntLE(at, entry, width));
    at += key.copy(bytes, at);
  }
  for (const value of values) {
    bytes.writeUInt8(value.type, entry);
    if (isInlined(value.type, isLarge)) {
      value.bytes.copy(bytes, entry + 1);
    } else {
      bytes.writeUIntLE(at, entry + 1, width);
      at += value.bytes.copy(bytes, at);
    }
    entry += 1 + width;
  }
  return { kind: 'closed', type: isLarge ? large : small, bytes };
}

function containerBytes(keys: readonly Buffer[], values: readonly ClosedJson[], isLarge: boolean): number {
  const width = isLarge ? 4 : 2;
  let size = 2 * width;
  for (const key of keys) size += width + 2 + key.length;
  for (const { type, bytes } of values) size += 1 + width + (isInlined(type, isLarge) ? 0 : bytes.length);
  return size;
}

const malformed = (column: string): Error => malformedValue(column, 'a JSON document');
