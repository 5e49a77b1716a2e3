import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column, ColumnCodec } from '../../../src/binlog/binlog.ts';
import { TYPE } from '../../../src/binlog/wire/column-types.ts';
import { plainValue, type BitForm } from '../../../src/format/plain-values.ts';
import { LOGGED, SELECTED, type ValueForm } from '../../../src/relay/tables/value-form.ts';
import { columnOf, expectOverflowContract, textOf } from '../../support/columns.ts';

const UTF8MB4 = 255;

function written(column: Column, bits: BitForm, form: ValueForm): { codec: ColumnCodec; isBare: boolean } {
  const { codec, isBare = false } = plainValue(
    { column, size: form.size(column), codec: form.codec(column, {}) },
    bits,
  );
  if (codec === undefined) throw new Error('it has a codec');
  return { codec, isBare };
}

function valueOf(column: Column, value: Buffer, bits: BitForm = 'number', form = LOGGED): string {
  const { codec, isBare } = written(column, bits, form);
  const text = textOf(codec.json, value);
  return isBare ? text : `"${text}"`;
}

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const bit = (meta: number): Column => columnOf(TYPE.BIT, { meta });
const double = (value: number): Buffer => {
  const image = Buffer.alloc(8);
  image.writeDoubleLE(value);
  return image;
};
const DOUBLE = columnOf(TYPE.DOUBLE, { meta: 8 });
const YEAR = columnOf(TYPE.YEAR);

describe('a plain value', () => {
  it.each([
    ['TINYINT', columnOf(TYPE.TINY), bytes('80'), '-128'],
    ['BIGINT UNSIGNED', columnOf(TYPE.LONGLONG, { unsigned: true }), bytes('ffffffffffffffff'), '18446744073709551615'],
    ['DOUBLE', DOUBLE, double(1e300), '1e300'],
    ['DOUBLE that is an integer', DOUBLE, double(-5), '-5'],
    ['DOUBLE 0', DOUBLE, double(0), '0'],
    ['DOUBLE -0, which is no integer in JSON', DOUBLE, double(-0), '-0.0'],
    ['FLOAT -0', columnOf(TYPE.FLOAT, { meta: 4 }), bytes('00000080'), '-0.0'],
    ['YEAR', YEAR, bytes('7e'), '2026'],
    ['YEAR 0', YEAR, bytes('00'), '0'],
    ['DECIMAL', columnOf(TYPE.NEWDECIMAL, { meta: (12 << 8) | 2 }), bytes('800000000900'), '"9.00"'],
    ['DATE', columnOf(TYPE.DATE), bytes('000000'), '"0000-00-00"'],
    ['VARCHAR', columnOf(TYPE.VARCHAR, { meta: 80, collation: UTF8MB4 }), Buffer.from('a"b'), String.raw`"a\"b"`],
  ])('of %s is written so', (_, column, image, text) => {
    expect(valueOf(column, image)).toBe(text);
    expect(valueOf(column, image, 'debezium')).toBe(text);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  it.each([
    ['BIT(1)', bit(1), bytes('01'), '1', 'true'],
    ['BIT(1)', bit(1), bytes('00'), '0', 'false'],
    ['BIT(9)', bit(9), bytes('0155'), '341', '"VQE="'],
    ['BIT(64)', bit(64), bytes('8000000000000001'), '9223372036854775809', '"AQAAAAAAAIA="'],
  ])('of %s is its number, and in Debezium true, false, or its bytes from the lowest on', (_, column, image, n, d) => {
    for (const form of [LOGGED, SELECTED]) {
      expect(valueOf(column, image, 'number', form)).toBe(n);
      expect(valueOf(column, image, 'debezium', form)).toBe(d);
    }
  });

  it('is the same of what SELECT shows', () => {
    expect(valueOf(YEAR, Buffer.from('0000'), 'number', SELECTED)).toBe('0');
    expect(valueOf(DOUBLE, Buffer.from('-0'), 'number', SELECTED)).toBe('-0.0');
    expect(valueOf(columnOf(TYPE.LONG), Buffer.from('-17'), 'number', SELECTED)).toBe('-17');
  });

  it('refuses a BIT of another length', () => {
    expect(() => valueOf(bit(9), bytes('01'), 'debezium', SELECTED)).toThrow('expected 2 bytes');
  });

  it.each([
    ['DOUBLE', DOUBLE, 8],
    ['FLOAT', columnOf(TYPE.FLOAT, { meta: 4 }), 4],
    ['YEAR', YEAR, 1],
    ['BIT(1)', bit(1), 1],
    ['BIT(20)', bit(20), 3],
  ])('of %s says how long it would have been where there is no room', (_, column, size) => {
    const images = fc.uint8Array({ minLength: size, maxLength: size }).filter((image) => {
      if (column.type === TYPE.BIT && column.meta === 1) return (image[0] ?? 0) < 2;
      const b = Buffer.from(image);
      return size < 4 || Number.isFinite(size === 4 ? b.readFloatLE() : b.readDoubleLE());
    });
    expectOverflowContract(
      written(column, 'debezium', LOGGED).codec,
      fc.oneof(images, fc.constant(new Uint8Array(size))),
    );
  });
});
