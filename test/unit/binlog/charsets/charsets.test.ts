import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bytesOf, decoded, pointOf, type Charset } from '../../../../src/binlog/charsets/charset.ts';
import { charsetOf } from '../../../../src/binlog/charsets/charsets.ts';
import { COLLATION_TABLE } from '../../../../src/binlog/charsets/collation-table.ts';

/**
 * How many characters of the basic plane MySQL has in the charset, and the first digits of the SHA-256 of lines "bytes
 * UTF-8" of them, in hex, one-byte characters first: made from what MySQL 9.7 and 8.0.12 answer, not from the tables.
 */
const ANSWERS: readonly (readonly [charset: string, count: number, sha256: string])[] = [
  ['armscii8', 256, '705efcb2f77cab51'],
  ['ascii', 128, '9535f9a259a05d7a'],
  ['big5', 13845, 'ba72a9e3b9c0209e'],
  ['cp1250', 251, '04bb1ef76ece6d36'],
  ['cp1251', 255, 'b202e20719440a71'],
  ['cp1256', 248, 'a7306ac387f7036b'],
  ['cp1257', 244, 'b0012bd18b5d2644'],
  ['cp850', 256, '92f2c1daf92f73fa'],
  ['cp852', 256, 'e7469bf884dd8242'],
  ['cp866', 256, '3b91b8ada193c128'],
  ['cp932', 9795, 'e2959e4df363863d'],
  ['dec8', 242, '1f9a7162773e73a2'],
  ['eucjpms', 15206, 'cc427d80280b4e61'],
  ['euckr', 17176, 'b5706b12656d65f0'],
  ['gb18030', 63488, '8b9037c4f5039514'],
  ['gb2312', 7573, '8d018669510abeb6'],
  ['gbk', 21919, '05a47f2031d5c45f'],
  ['geostd8', 215, 'd088b4d8d26a150a'],
  ['greek', 250, '4e5f571aca13c195'],
  ['hebrew', 220, 'c7b1817254192f65'],
  ['hp8', 255, 'f7fb961ffd3c1f1a'],
  ['keybcs2', 256, 'fee853e8dd0f02fd'],
  ['koi8r', 256, 'a8de33f2299b54b1'],
  ['koi8u', 256, '506b573b3e97ea6d'],
  ['latin1', 256, '0f5af915e767f92c'],
  ['latin2', 256, 'c42ba69c718f325f'],
  ['latin5', 256, '2aafd59c5de032c8'],
  ['latin7', 256, '24024ffc1130e778'],
  ['macce', 256, '6a5de95609f4cf33'],
  ['macroman', 256, '02f588e412c97bd6'],
  ['sjis', 7070, 'fffa482deda74aea'],
  ['swe7', 127, '26d6ac3433c06ba8'],
  ['tis620', 256, '6ad38146c60d4aa4'],
  ['ujis', 15017, 'bb3f702eee1e2b19'],
];

function charset(name: string): Charset {
  const found = charsetOf(name);
  if (found === undefined) throw new Error(`no charset ${name}`);
  return found;
}

/** All that could be a character of a charset with a table. */
function* candidates(name: string): Generator<Buffer> {
  for (let i = 0; i < 0x100; i++) yield Buffer.of(i);
  for (let i = 0; i < 0x10000; i++) yield Buffer.of(i >> 8, i & 0xff);
  if (name === 'ujis' || name === 'eucjpms') for (let i = 0; i < 0x10000; i++) yield Buffer.of(0x8f, i >> 8, i & 0xff);
  if (name !== 'gb18030') return;
  for (let i = 0; i < 126 * 12_600; i++) {
    yield Buffer.of(
      0x81 + Math.floor(i / 12_600),
      0x30 + (Math.floor(i / 1260) % 10),
      0x81 + (Math.floor(i / 10) % 126),
      0x30 + (i % 10),
    );
  }
}

const hex = (bytes: Buffer): string => bytes.toString('hex').toUpperCase();

test('every charset of MySQL has a reader, but for those that are UTF-8 or no text', () => {
  const names = new Set(COLLATION_TABLE.map(([, , name]) => name));
  expect([...names].filter((name) => charsetOf(name) === undefined).sort()).toEqual(['binary', 'utf8mb3', 'utf8mb4']);
  expect(charsetOf('constructor')).toBeUndefined();
});

test.each(ANSWERS)('%s has the %i characters that MySQL has', (name, count, sha256) => {
  const { read } = charset(name);
  const hash = createHash('sha256');
  let found = 0;
  for (const bytes of candidates(name)) {
    const answer = read(bytes, 0, bytes.length);
    if (answer === 0 || bytesOf(answer) !== bytes.length || pointOf(answer) > 0xffff) continue;
    found++;
    hash.update(`${hex(bytes)} ${hex(Buffer.from(String.fromCodePoint(pointOf(answer))))}\n`);
  }
  expect(found).toBe(count);
  expect(hash.digest('hex').slice(0, 16)).toBe(sha256);
});

describe('known characters', () => {
  test.each([
    ['latin1', '80 81 a4 ff', '€\u0081¤ÿ'],
    ['ascii', '41 7f', 'A\u007f'],
    ['cp1251', 'cf f0 e8 b3', 'Приі'],
    ['koi8u', 'f4 a4', 'Тє'],
    ['tis620', 'a1 db', 'ก\ufffd'],
    ['swe7', '5b 5c 5d 40 41', 'ÄÖÅÉA'],
    ['armscii8', 'a4 b2', ')Ա'],
    ['gbk', 'd6d0 8140 41', '中丂A'],
    ['gb2312', 'd6d0', '中'],
    ['big5', 'a440 a15a', '一\ufffd'],
    ['sjis', '815f 8160 b1', '\\〜ｱ'],
    ['cp932', '815f 8160 b1 8740', '＼～ｱ①'],
    ['ujis', 'a1c0 8eb1 8fa2b7 b0a1', '\\ｱ~亜'],
    ['eucjpms', 'a1c0 8eb1 8fa2b7 ada1', '＼ｱ～①'],
    ['euckr', 'b0a1 8141', '가갂'],
    ['gb18030', '81308130 d6d0 8431a439 90308130 e3329a35', '\u0080中\uffff\u{10000}\u{10ffff}'],
    ['ucs2', '0041 4e2d ffff', 'A中\uffff'],
    ['utf16', '4e2d d83dde00', '中😀'],
    ['utf16le', '2d4e 3dd800de', '中😀'],
    ['utf32', '00004e2d 0001f600 0010ffff', '中😀\u{10ffff}'],
  ])('of %s: %s', (name, bytes, text) => {
    expect(decoded(charset(name), Buffer.from(bytes.replaceAll(' ', ''), 'hex'))).toBe(text);
  });
});

describe('what is no character', () => {
  test.each([
    ['ascii', '80'],
    ['swe7', '7f'],
    ['cp1250', '81'],
    ['gbk', '80'],
    ['gbk', 'ff40'],
    ['gbk', 'd67f'],
    ['sjis', 'f040'],
    ['ujis', '8f41'],
    ['gb18030', '8431a530'],
    ['gb18030', '90308030'],
    ['gb18030', 'e3329a36'],
    ['gb18030', '81208130'],
    ['ucs2', 'd83dde00'],
    ['utf16', 'de00d83d'],
    ['utf16', 'd83d0041'],
    ['utf16le', '3dd84100'],
    ['utf32', '0000d800'],
    ['utf32', '00110000'],
    ['utf32', 'ffffffff'],
  ])('of %s: %s', (name, bytes) => {
    expect(decoded(charset(name), Buffer.from(bytes, 'hex'))).toBeUndefined();
  });
});

test.each([
  ['gbk', 'd6d0'],
  ['ujis', '8fb0a1'],
  ['gb18030', '81308130'],
  ['ucs2', '0041'],
  ['utf16', '0041'],
  ['utf16', 'd83dde00'],
  ['utf16le', '3dd800de'],
  ['utf32', '00000041'],
])('a character of %s that goes on after the value is cut, not completed', (name, bytes) => {
  const b = Buffer.from(bytes, 'hex');
  expect(charset(name).read(b, 0, b.length)).not.toBe(0);
  for (let e = 1; e < b.length; e++) expect(charset(name).read(b, 0, e)).toBe(0);
});

test('a byte below 80 is its ASCII character where the charset says so, and a space is a space everywhere', () => {
  for (const [name] of ANSWERS) {
    const { isAscii, read } = charset(name);
    expect(isAscii).toBe(name !== 'swe7');
    if (isAscii) for (let byte = 0; byte < 0x80; byte++) expect(pointOf(read(Buffer.of(byte), 0, 1))).toBe(byte);
    expect(pointOf(read(Buffer.of(0x20), 0, 1))).toBe(0x20);
  }
});
