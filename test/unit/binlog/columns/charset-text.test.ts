import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ColumnCodec } from '../../../../src/binlog/binlog.ts';
import { decoded, type Charset } from '../../../../src/binlog/charsets/charset.ts';
import { charsetOf } from '../../../../src/binlog/charsets/charsets.ts';
import { charsetCodec } from '../../../../src/binlog/columns/charset-text.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

function charset(name: string): Charset {
  const found = charsetOf(name);
  if (found === undefined) throw new Error(`no charset ${name}`);
  return found;
}

const codecOf = (name: string): ColumnCodec => charsetCodec('c', charset(name), 'fail');

/** Values of a few characters, ASCII and others, one by one or many of a kind. */
const SAMPLES: readonly (readonly [charset: string, characters: readonly string[]])[] = [
  ['latin1', ['00', '0a', '22', '41', '5c', '7f', '80', 'e9']],
  ['swe7', ['00', '22', '41', '5c', '7d']],
  ['armscii8', ['22', 'ff', 'a4', 'b2']],
  ['gbk', ['22', '41', 'd6d0', '815c', '8140']],
  ['sjis', ['22', '5c', '815f', '835c', 'b1']],
  ['ujis', ['22', '5c', 'a1c0', '8eb1', '8fa2b7']],
  ['gb18030', ['22', '41', 'd6d0', '81308130', '90308130', '8431a439']],
  ['ucs2', ['0000', '0022', '005c', '0041', '4e2d', '2222']],
  ['utf16', ['000a', '0022', '4e2d', 'd83dde00']],
  ['utf16le', ['0a00', '2200', '2d4e', '3dd800de']],
  ['utf32', ['0000001f', '00000022', '00004e2d', '0001f600']],
];

describe.each(SAMPLES)('%s', (name, characters) => {
  const codec = codecOf(name);
  const character = fc.constantFrom(...characters.map((hex) => Buffer.from(hex, 'hex')));
  const values = fc.oneof(
    fc.array(character, { maxLength: 60, size: 'max' }),
    fc.tuple(character, fc.nat(120)).map(([one, count]) => Array.from({ length: count }, () => one)),
  );
  const bytes = values.map((array) => Buffer.concat(array));

  test('is the text, and JSON escapes it as JSON.stringify does', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const text = decoded(charset(name), value);
        expect(textOf(codec.text, value)).toBe(text);
        expect(textOf(codec.json, value)).toBe(JSON.stringify(text).slice(1, -1));
      }),
    );
  });

  test('keeps the overflow contract', () => {
    expectOverflowContract(codec, bytes);
  });

  test('of a length that passes the buffer is refused', () => {
    const b = Buffer.from(characters[0] ?? '', 'hex');
    expect(codeOf(() => codec.json(new Uint8Array(9), 0, b, 0, b.length + 1))).toBe('BINLOG_DECODE');
    expect(codeOf(() => codec.text(new Uint8Array(9), 0, b, 0, b.length + 1))).toBe('BINLOG_DECODE');
  });
});

test.each([
  ['ascii', 'c3a9'],
  ['cp1250', '4181'],
  ['gbk', '41ff40'],
  ['gbk', '41d6'],
  ['ucs2', '004100'],
  ['utf16', 'd83d0041'],
])('%s with bytes that are no characters of it is refused, by name and without its bytes: %s', (name, hex) => {
  const { text, json } = codecOf(name);
  for (const write of [text, json]) {
    expect(codeOf(() => textOf(write, Buffer.from(hex, 'hex')))).toBe('BINLOG_UNSUPPORTED');
    expect(() => textOf(write, Buffer.from(hex, 'hex'))).toThrow(
      `column c holds bytes that are no characters of its charset ${name}`,
    );
  }
});

test('a character that goes on after the value is cut, not completed', () => {
  const b = Buffer.from('d6d0', 'hex');
  expect(codeOf(() => codecOf('gbk').json(new Uint8Array(9), 0, b, 0, 1))).toBe('BINLOG_UNSUPPORTED');
});
