/** Binary JSON made by hand, for tests that need no server. */
import { jsonBytes, jsonDocument, type JsonNode } from '../../src/binlog/json/json-tree.ts';
import { jsonCodec } from '../../src/binlog/json/json.ts';

export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** The document in the binary form; numbers that are no 32-bit integers become doubles. */
export function binaryJson(value: Plain): Buffer {
  return jsonBytes(nodeOf(value));
}

/** As MySQL prints it. */
export function jsonText(document: Buffer): string {
  const out = Buffer.alloc(16 * document.length + 1000);
  return out.toString('utf8', 0, jsonCodec('c').text(out, 0, document, 0, document.length));
}

function nodeOf(value: Plain): JsonNode {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(nodeOf) };
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, member]: [string, Plain]) => [Buffer.from(key).toString('latin1'), nodeOf(member)] as const,
    );
    return { kind: 'object', members: new Map(members) };
  }
  return jsonDocument('c', scalar(value));
}

function scalar(value: null | boolean | number | string): Buffer {
  if (value === null) return Buffer.of(4, 0);
  if (typeof value === 'boolean') return Buffer.of(4, value ? 1 : 2);
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    const length: number[] = [];
    let rest = text.length;
    for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
    return Buffer.concat([Buffer.of(12, ...length, rest), text]);
  }
  const isInt32 = (value | 0) === value && !Object.is(value, -0);
  const isInt16 = (value << 16) >> 16 === value;
  const bytes = Buffer.alloc(isInt32 ? (isInt16 ? 3 : 5) : 9);
  bytes.writeUInt8(isInt32 ? (isInt16 ? 5 : 7) : 11);
  if (!isInt32) bytes.writeDoubleLE(value, 1);
  else bytes.writeIntLE(value, 1, isInt16 ? 2 : 4);
  return bytes;
}
