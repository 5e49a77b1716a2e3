import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textCodec } from '../../../../src/binlog/columns/text.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

const { text, json } = textCodec('c', 'fail');
const insideOf = (value: string): string => JSON.stringify(value).slice(1, -1);
/** Well-formed text of all planes, short and long, with many characters that need an escape. */
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200, size: 'max' }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\n', '\u0001', '\u007f', 'a', 'é', '上', '😀', '\u2028', '\ufffd'),
    maxLength: 200,
    size: 'max',
  }),
  fc
    .tuple(fc.string({ unit: fc.constant('x'), maxLength: 200, size: 'max' }), fc.string({ unit: 'binary' }))
    .map(([a, b]) => a + b),
);

describe('CHAR, VARCHAR, TEXT', () => {
  test('json escapes as JSON.stringify does, text does not', () => {
    for (let code = 0; code < 0x100; code++) {
      const value = `a${String.fromCharCode(code)}b`;
      expect(textOf(json, Buffer.from(value))).toBe(insideOf(value));
    }
    fc.assert(
      fc.property(texts, (value) => {
        expect(textOf(json, Buffer.from(value))).toBe(insideOf(value));
        expect(textOf(text, Buffer.from(value))).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  test('json refuses exactly what is not UTF-8', () => {
    const bytes = fc.uint8Array({ maxLength: 6 });
    const nearMiss = fc
      .array(
        fc.constantFrom(
          0x80,
          0x8f,
          0x90,
          0x9f,
          0xa0,
          0xbf,
          0xc0,
          0xc1,
          0xc2,
          0xdf,
          0xe0,
          0xe1,
          0xed,
          0xef,
          0xf0,
          0xf1,
          0xf4,
          0xf5,
          0xff,
          0x41,
        ),
        {
          maxLength: 5,
        },
      )
      .map((array) => new Uint8Array(array));
    fc.assert(
      fc.property(fc.oneof(bytes, nearMiss), (value) => {
        expect(codeOf(() => textOf(json, value))).toBe(isUtf8(value) ? undefined : 'BINLOG_UNSUPPORTED');
      }),
      { numRuns: 20_000 },
    );
  });

  test('a sequence that goes on after the value is cut, not completed', () => {
    const b = Buffer.from('é');
    expect(codeOf(() => json(new Uint8Array(9), 0, b, 0, 1))).toBe('BINLOG_UNSUPPORTED');
  });

  test('a length that passes the buffer is refused', () => {
    const b = Buffer.from('abc');
    expect(codeOf(() => json(new Uint8Array(9), 0, b, 0, 4))).toBe('BINLOG_DECODE');
    expect(codeOf(() => text(new Uint8Array(9), 0, b, 0, 4))).toBe('BINLOG_DECODE');
  });

  test('keep the overflow contract', () => {
    expectOverflowContract(
      textCodec('c', 'fail'),
      texts.map((value) => Buffer.from(value)),
    );
  });
});
