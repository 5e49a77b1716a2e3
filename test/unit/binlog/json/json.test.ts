import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonCodec } from '../../../../src/binlog/json/json.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

const codec = jsonCodec('c');
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const varint = (value: number): Buffer =>
  value < 0x80 ? Buffer.of(value) : Buffer.concat([Buffer.of((value & 0x7f) | 0x80), varint(value >>> 7)]);

/** A value of json_binary.cc: type and bytes. `isLarge` chooses the form of all containers. */
function encode(value: Json, isLarge: boolean): { readonly type: number; readonly bytes: Buffer } {
  if (value === null || typeof value === 'boolean')
    return { type: 4, bytes: Buffer.of(value === null ? 0 : value ? 1 : 2) };
  if (typeof value === 'string')
    return { type: 12, bytes: Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]) };
  if (typeof value === 'number') {
    if (Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value) < 2 ** 31) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      return { type: 7, bytes };
    }
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return { type: 11, bytes };
  }
  const width = isLarge ? 4 : 2;
  const uint = (number: number): Buffer => {
    const bytes = Buffer.alloc(width);
    bytes.writeUIntLE(number, 0, width);
    return bytes;
  };
  const isObject = !Array.isArray(value);
  const keys = isObject ? Object.keys(value).map((key) => Buffer.from(key)) : [];
  const values = Object.values(value).map((child: Json) => encode(child, isLarge));
  let at = 2 * width + keys.length * (width + 2) + values.length * (1 + width);
  const entries: Buffer[] = [];
  const data: Buffer[] = [];
  for (const key of keys) {
    entries.push(uint(at), Buffer.of(key.length & 0xff, key.length >> 8));
    data.push(key);
    at += key.length;
  }
  for (const { type, bytes } of values) {
    const isInlined = type === 4 || (isLarge && type === 7);
    entries.push(
      Buffer.of(type),
      isInlined ? Buffer.concat([bytes, Buffer.alloc(width)]).subarray(0, width) : uint(at),
    );
    if (isInlined) continue;
    data.push(bytes);
    at += bytes.length;
  }
  const type = (isObject ? 0 : 2) + (isLarge ? 1 : 0);
  return { type, bytes: Buffer.concat([uint(values.length), uint(at), ...entries, ...data]) };
}

function document(value: Json, isLarge: boolean): Buffer {
  const { type, bytes } = encode(value, isLarge);
  return Buffer.concat([Buffer.of(type), bytes]);
}

/** MySQL's spacing; numbers of a size where its notation is JavaScript's. */
function print(value: Json): string {
  if (typeof value === 'number' && !(Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value) < 2 ** 31)) {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return /[.e]/.test(text) ? text : `${text}.0`;
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((child: Json) => print(child)).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, child]: [string, Json]) => `${JSON.stringify(key)}: ${print(child)}`)
    .join(', ')}}`;
}

const number = fc.oneof(
  fc.integer(),
  fc.double({ min: 1e-6, max: 1e14, noNaN: true }),
  fc.constantFrom(0, -0, 2.5, -1, 1e14),
);
const jsons = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    number,
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\u0000', 'é', 'x'), maxLength: 200, size: 'max' }),
    fc.array(tie('json'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 10 }), tie('json'), { maxKeys: 5 }),
  ),
})).json;

describe('JSON', () => {
  test('documents of both forms are printed as MySQL prints them, and escaped for the body', () => {
    fc.assert(
      fc.property(jsons, fc.boolean(), (value, isLarge) => {
        const bytes = document(value, isLarge);
        const text = print(value);
        expect(textOf(codec.text, bytes)).toBe(text);
        expect(textOf(codec.json, bytes)).toBe(JSON.stringify(text).slice(1, -1));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['the empty value', '', 'null'],
    ['int16', '05 ff7f', '32767'],
    ['negative int16', '05 0080', '-32768'],
    ['uint16', '06 ffff', '65535'],
    ['int32', '07 00000080', '-2147483648'],
    ['uint32', '08 ffffffff', '4294967295'],
    ['int64', '09 0000000000000080', '-9223372036854775808'],
    ['uint64', '0a ffffffffffffffff', '18446744073709551615'],
    ['double 1', '0b 000000000000f03f', '1.0'],
    ['double 1e300', '0b 9c7500883ce4377e', '1e300'],
    ['an object', '00 0100 0e00 0b00 0100 05 ffff 61 0000', '{"a": -1}'],
    ['opaque decimal 12.50', '0f f6 04 0402 8c32', '12.50'],
    ['opaque bit string', '0f 0f 02 00ff', '"base64:type15:AP8="'],
    ['opaque text', '0f fd 02 6122', '"a\\""'],
  ])('%s', (_name, bytes, text) => {
    expect(textOf(codec.text, hex(bytes))).toBe(text);
  });

  /** TIME_to_longlong_*_packed of mysys/my_time.cc. */
  const temporal = (type: number, packed: bigint): Buffer => {
    const bytes = Buffer.alloc(11);
    bytes.set([0x0f, type, 8]);
    bytes.writeBigInt64LE(packed, 3);
    return bytes;
  };
  const date = (BigInt(2020 * 13 + 1) << 5n) | 2n;
  const clock = (BigInt(3) << 12n) | (BigInt(4) << 6n) | 5n;

  test('temporal values', () => {
    expect(textOf(codec.text, temporal(10, (date << 17n) << 24n))).toBe('"2020-01-02"');
    expect(textOf(codec.text, temporal(12, (((date << 17n) | clock) << 24n) | 123_000n))).toBe(
      '"2020-01-02 03:04:05.123000"',
    );
    expect(textOf(codec.text, temporal(7, (((date << 17n) | clock) << 24n) | 1n))).toBe('"2020-01-02 03:04:05.000001"');
    const longest = (838n << 12n) | (59n << 6n) | 59n;
    expect(textOf(codec.text, temporal(11, -(longest << 24n)))).toBe('"-838:59:59.000000"');
    expect(textOf(codec.text, temporal(11, (clock << 24n) | 999_999n))).toBe('"03:04:05.999999"');
  });

  test('refuses temporal values and decimals that do not exist', () => {
    const bad = [
      temporal(11, 839n << 36n),
      temporal(12, 24n << 36n),
      temporal(12, 60n << 24n),
      temporal(11, 1_000_000n),
    ];
    const decimals = ['0f f6 04 0402 8c', '0f f6 04 4202 8c32', '0f f6 01 04', '0f f6 04 0204 8c32', '0f 0a 01 00'].map(
      hex,
    );
    for (const bytes of [...bad, ...decimals]) expect(codeOf(() => textOf(codec.text, bytes))).toBe('BINLOG_DECODE');
  });

  test.each([56, 57, 58, 114, 115, 300])('base64 of %i bytes has lines of 76 characters', (length) => {
    const data = Buffer.alloc(length, 0x61);
    const lines = data.toString('base64').match(/.{1,76}/g) ?? [];
    const text = JSON.stringify(`base64:type15:${lines.join('\n')}`);
    const bytes = Buffer.concat([Buffer.of(0x0f, 0x0f), varint(length), data]);
    expect(textOf(codec.text, bytes)).toBe(text);
    expect(textOf(codec.json, bytes)).toBe(JSON.stringify(text).slice(1, -1));
  });

  test('keeps the overflow contract', () => {
    expectOverflowContract(
      codec,
      fc.tuple(jsons, fc.boolean()).map(([value, isLarge]) => document(value, isLarge)),
    );
  });

  test('damaged documents are refused or read, and nothing else', () => {
    fc.assert(
      fc.property(jsons, fc.nat(), fc.nat(255), fc.nat(), (value, at, byte, cut) => {
        const bytes = document(value, false);
        bytes[at % bytes.length] = byte;
        const damaged = bytes.subarray(0, cut % (bytes.length + 1));
        const code = codeOf(() => codec.json(new Uint8Array(0), 0, damaged, 0, damaged.length));
        expect([undefined, 'BINLOG_DECODE', 'BINLOG_UNSUPPORTED']).toContain(code);
      }),
      { numRuns: 2000 },
    );
  });

  test('refuses what is deeper than MySQL allows: an array that is its own element', () => {
    expect(codeOf(() => textOf(codec.text, hex('02 0100 0700 02 0000')))).toBe('BINLOG_DECODE');
  });

  // Each level holds the next one twice: twenty levels are a million values, forty more than there is memory.
  test('refuses values that overlap, instead of printing them over and over', () => {
    const level = (type: number): string => `0200 %s ${type.toString().padStart(2, '0')} 0a00 ${type.toString().padStart(2, '0')} 0a00`; // prettier-ignore
    const levels = Array.from({ length: 20 }, (_, i) => {
      const size = Buffer.alloc(2);
      size.writeUInt16LE((20 - i) * 10 + 4);
      return level(2).replace('%s', size.toString('hex'));
    });
    expect(codeOf(() => textOf(codec.text, hex(`02 ${levels.join('')} 0000 0400`)))).toBe('BINLOG_DECODE');
  });
});
