import { describe, expect, it } from 'vitest';
import { readColumnMeta } from '../../../../src/binlog/tables/column-meta.ts';
import { TYPE } from '../../../../src/binlog/wire/column-types.ts';
import { Cursor } from '../../../../src/binlog/wire/cursor.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

function read(type: number, hex: string): { type: number; meta: number; left: number } {
  const bytes = Buffer.from(hex, 'hex');
  const cursor = new Cursor('TABLE_MAP', bytes, 0, 0, bytes.length);
  return { ...readColumnMeta(type, cursor), left: cursor.left };
}

describe('readColumnMeta', () => {
  it.each([
    ['INT', TYPE.LONG, '', TYPE.LONG, 0],
    ['YEAR', TYPE.YEAR, '', TYPE.YEAR, 0],
    ['VARCHAR(300) of gbk', TYPE.VARCHAR, '5802', TYPE.VARCHAR, 600],
    ['CHAR(1)', TYPE.STRING, 'fe01', TYPE.STRING, 1],
    ['CHAR(255) of utf8mb3', TYPE.STRING, 'defd', TYPE.STRING, 765],
    ['CHAR(255) of utf8mb4', TYPE.STRING, 'cefc', TYPE.STRING, 1020],
    ['CHAR(64) of utf8mb4', TYPE.STRING, 'ee00', TYPE.STRING, 256],
    ['ENUM of 2', TYPE.STRING, 'f701', TYPE.ENUM, 1],
    ['ENUM of 300', TYPE.STRING, 'f702', TYPE.ENUM, 2],
    ['SET of 64', TYPE.STRING, 'f808', TYPE.SET, 8],
    ['MEDIUMBLOB', TYPE.BLOB, '03', TYPE.BLOB, 3],
    ['JSON', TYPE.JSON, '04', TYPE.JSON, 4],
    ['VECTOR', TYPE.VECTOR, '04', TYPE.VECTOR, 4],
    ['DECIMAL(65,30)', TYPE.NEWDECIMAL, '411e', TYPE.NEWDECIMAL, (65 << 8) | 30],
    ['BIT(9)', TYPE.BIT, '0101', TYPE.BIT, 9],
    ['BIT(64)', TYPE.BIT, '0008', TYPE.BIT, 64],
    ['DATETIME(6)', TYPE.DATETIME2, '06', TYPE.DATETIME2, 6],
    ['DOUBLE', TYPE.DOUBLE, '08', TYPE.DOUBLE, 8],
  ])('%s', (_, wire, hex, type, meta) => expect(read(wire, hex)).toEqual({ type, meta, left: 0 }));

  it.each([
    ['a type beyond the table', 21, '00', 'BINLOG_UNSUPPORTED'],
    ['TYPED_ARRAY', TYPE.TYPED_ARRAY, '00000000', 'BINLOG_UNSUPPORTED'],
    ['a BLOB with five length bytes', TYPE.BLOB, '05', 'BINLOG_DECODE'],
    ['seven digits of a second', TYPE.TIME2, '07', 'BINLOG_DECODE'],
    ['a scale above the precision', TYPE.NEWDECIMAL, '0203', 'BINLOG_DECODE'],
    ['an ENUM of three bytes', TYPE.STRING, 'f703', 'BINLOG_DECODE'],
    ['a STRING that is a VARCHAR', TYPE.STRING, '3f01', 'BINLOG_DECODE'],
    ['a missing byte', TYPE.VARCHAR, '01', 'BINLOG_DECODE'],
  ])('refuses %s', (_, wire, hex, code) => expect(codeOf(() => read(wire, hex))).toBe(code));
});
