import { describe, expect, it } from 'vitest';
import { Cursor } from '../../../../src/binlog/wire/cursor.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

function over(hex: string): Cursor {
  const bytes = Buffer.from(hex, 'hex');
  return new Cursor('TEST', bytes, 0, 0, bytes.length);
}

describe('Cursor', () => {
  it.each([
    ['fa', 250],
    ['fcfb00', 251],
    ['fdffffff', 0xffffff],
    ['feffffffffffff1f00', Number.MAX_SAFE_INTEGER],
  ])('reads the packed integer %s', (hex, value) => expect(over(hex).packed('n')).toBe(value));

  it.each(['fb', 'ff', 'fc01', 'fe00000000000000', 'fe0000000000002000', ''])('refuses the packed integer %s', (hex) =>
    expect(codeOf(() => over(hex).packed('n'))).toBe('BINLOG_DECODE'),
  );

  // The examples of libs/mysql/serialization/readme.md, lowest byte first, and both ends of the range.
  it.each([
    ['00', 0n],
    ['fe', 127n],
    ['0102', 128n],
    ['fbff07', 65535n],
    ['ffffffffffffffffff', (1n << 64n) - 1n],
    ['7fffffffffffffff', (1n << 56n) - 1n],
  ])('reads the varint %s', (hex, value) => expect(over(hex).varint('n')).toBe(value));

  it('names event, field and byte', () => {
    const bytes = Buffer.alloc(10);
    const cursor = new Cursor('ROTATE', bytes, 2, 8, 10);
    expect(() => cursor.u32('an offset')).toThrow('ROTATE: expected an offset at byte 6 of the event');
  });

  it('keeps a part inside its own end and goes on after it', () => {
    const cursor = over('01020304');
    const part = cursor.part(2, 'a part');
    expect(codeOf(() => part.u32('more'))).toBe('BINLOG_DECODE');
    expect(cursor.u8('next')).toBe(3);
    expect(codeOf(() => cursor.skip(-1, 'a negative size'))).toBe('BINLOG_DECODE');
  });
});
