import { describe, expect, it } from 'vitest';
import { PackedRows } from '../../../../src/source/copy/packed-rows.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

/** A value as the text protocol sends it. */
function sent(value: Buffer | null): Buffer {
  if (value === null) return Buffer.from([0xfb]);
  const { length } = value;
  if (length < 251) return Buffer.concat([Buffer.from([length]), value]);
  if (length < 1 << 16) return Buffer.concat([Buffer.from([0xfc, length & 255, length >> 8]), value]);
  return Buffer.concat([Buffer.from([0xfd, length & 255, (length >> 8) & 255, length >> 16]), value]);
}

const packed = (bitmap: readonly number[], values: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from(bitmap),
    ...values.flatMap((value) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(value.length);
      return [length, value];
    }),
  ]);

describe('PackedRows', () => {
  it('packs values of every length after a bitmap of the NULLs', () => {
    const values = [
      Buffer.from('a'),
      Buffer.alloc(0),
      Buffer.alloc(250, 1),
      Buffer.alloc(251, 2),
      Buffer.alloc(70_000, 3),
    ];
    const rows = new PackedRows(6, [0, 1, 2, 3, 4, 5], 16);
    const packet = Buffer.concat([Buffer.from('xy'), ...[...values, null].map(sent), Buffer.from('z')]);
    rows.add(packet, 2, packet.length - 1);
    expect(rows.images).toEqual(packed([0b100000], values));
    expect(rows.lastValues([4, 0])).toEqual([values[4], values[0]]);
    expect(rows.lastValues([5])).toBeUndefined();
  });

  it('leaves columns that are not read NULL, and puts the others at their place', () => {
    const rows = new PackedRows(10, [1, 9], 16);
    const packet = Buffer.concat([sent(Buffer.from('one')), sent(null)]);
    rows.add(packet, 0, packet.length);
    rows.add(packet, 0, packet.length);
    const image = packed([0b11111101, 0b11], [Buffer.from('one')]);
    expect(rows.images).toEqual(Buffer.concat([image, image]));
    expect(rows.rows).toBe(2);
  });

  it('refuses a packet that ends within its values, at every length', () => {
    const packet = Buffer.concat([sent(Buffer.from('value')), sent(Buffer.from('x'))]);
    for (let end = 0; end < packet.length; end += 1) {
      const rows = new PackedRows(2, [0, 1], 16);
      expect(codeOf(() => rows.add(packet, 0, end))).toBe('SOURCE_ERROR');
    }
  });
});
