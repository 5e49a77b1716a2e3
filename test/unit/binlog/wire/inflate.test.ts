import { deflateRawSync, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inflateEventPart, inflateValue } from '../../../../src/binlog/wire/inflate.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

const TEXT = Buffer.from('order '.repeat(100));

function packed(header: number, size: number, sizeBytes: number, compressed: Buffer): Buffer {
  const head = Buffer.alloc(1 + sizeBytes);
  head.writeUInt8(header | sizeBytes);
  head.writeUIntBE(size, 1, sizeBytes);
  return Buffer.concat([head, compressed]);
}
const value = (b: Buffer): Buffer => inflateValue(b, 0, b.length, 'note');
const part = (b: Buffer): Buffer => inflateEventPart(b, 0, b.length, 'WRITE_ROWS_COMPRESSED_V1');

describe('a COMPRESSED value', () => {
  it.each([2, 3, 4])('with a size of %i bytes, with and without the header of zlib', (sizeBytes) => {
    expect(value(packed(0x80, TEXT.length, sizeBytes, deflateSync(TEXT)))).toEqual(TEXT);
    expect(value(packed(0x88, TEXT.length, sizeBytes, deflateRawSync(TEXT)))).toEqual(TEXT);
  });

  it('that is not compressed, or empty', () => {
    expect(value(Buffer.from('\0short')).toString()).toBe('short');
    expect(value(Buffer.alloc(1))).toHaveLength(0);
    expect(value(Buffer.alloc(0))).toHaveLength(0);
  });
});

describe.each([
  ['a COMPRESSED value', value],
  ['the part of an event', part],
])('%s is refused', (_what, read) => {
  it.each([
    ['another algorithm', packed(0x90, TEXT.length, 2, deflateSync(TEXT))],
    ['no size', Buffer.concat([Buffer.from([0x80]), deflateSync(TEXT)])],
    ['a size of 5 bytes', packed(0x80, TEXT.length, 5, deflateSync(TEXT))],
    ['a smaller size', packed(0x80, TEXT.length - 1, 2, deflateSync(TEXT))],
    ['a larger size', packed(0x80, TEXT.length + 1, 2, deflateSync(TEXT))],
    ['a size of gigabytes', packed(0x80, 0xffff_ffff, 4, deflateSync(TEXT))],
    ['a size of 0', packed(0x80, 0, 2, deflateSync(Buffer.alloc(0)))],
    ['a cut end', packed(0x80, TEXT.length, 2, deflateSync(TEXT).subarray(0, 10))],
    ['a cut size', Buffer.from([0x84, 1, 2])],
  ])('with %s', (_why, bytes) => {
    expect(codeOf(() => read(bytes))).toBe('BINLOG_DECODE');
  });

  it('cut at any byte, and never with its bytes in the error', () => {
    const bytes = packed(0x80, TEXT.length, 2, deflateSync(TEXT));
    for (let end = 1; end < bytes.length; end += 1) {
      expect(() => read(Buffer.from(bytes.subarray(0, end)))).toThrow(/expected/);
    }
  });
});

it('bounds what is given by the size that stands before it', () => {
  const bomb = deflateSync(Buffer.alloc(10 << 20));
  expect(codeOf(() => value(packed(0x80, 1000, 2, bomb)))).toBe('BINLOG_DECODE');
});
