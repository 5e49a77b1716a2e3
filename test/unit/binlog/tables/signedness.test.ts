import { describe, expect, it } from 'vitest';
import { TYPE } from '../../../../src/binlog/wire/column-types.ts';
import { unsignedColumns } from '../../../../src/binlog/tables/signedness.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

const bits = (text: string): Buffer =>
  Buffer.from(text.split(' ').map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)));

describe('unsignedColumns', () => {
  it('gives one bit to each number column, in their order', () => {
    const types = [TYPE.LONG, TYPE.VARCHAR, TYPE.TINY, TYPE.BIT, TYPE.JSON, TYPE.NEWDECIMAL, TYPE.DOUBLE];
    expect(unsignedColumns(types, bits('1011'), 90_704)).toEqual([true, false, false, false, false, true, true]);
  });

  it('counts YEAR from 8.0.29 on and not in 8.0.12', () => {
    const types = [TYPE.YEAR, TYPE.LONG, TYPE.SHORT];
    expect(unsignedColumns(types, bits('101'), 80_029)).toEqual([false, false, true]);
    expect(unsignedColumns(types, bits('10'), 80_012)).toEqual([false, true, false]);
  });

  it('lets the bits decide for the versions between', () => {
    const types = [TYPE.YEAR, TYPE.LONG, TYPE.SHORT];
    expect(unsignedColumns(types, bits('101'), 80_020)).toEqual([false, false, true]);
    expect(unsignedColumns(types, bits('010'), 80_020)).toEqual([false, false, true]);
    expect(unsignedColumns([TYPE.YEAR, TYPE.LONG], bits('11'), 0)).toEqual([false, true]);
  });

  it('refuses what can be read in two ways', () => {
    const types = [TYPE.YEAR, TYPE.LONG, TYPE.SHORT];
    expect(codeOf(() => unsignedColumns(types, bits('100'), 80_020))).toBe('BINLOG_UNSUPPORTED');
  });

  it('refuses bits that do not fit the columns', () => {
    expect(codeOf(() => unsignedColumns([TYPE.LONG], bits('1 1'), 90_704))).toBe('BINLOG_DECODE');
    expect(codeOf(() => unsignedColumns([TYPE.LONG], bits('11'), 90_704))).toBe('BINLOG_DECODE');
    expect(codeOf(() => unsignedColumns([TYPE.LONG], undefined, 90_704))).toBe('BINLOG_DECODE');
    expect(unsignedColumns([TYPE.JSON], undefined, 90_704)).toEqual([false]);
  });
});
