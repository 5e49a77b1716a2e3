import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../src/binlog/binlog.ts';
import { TYPE } from '../../../../src/binlog/wire/column-types.ts';
import type { TableDefinition } from '../../../../src/source/copy/definition.ts';
import { selectAll, selectChunk, selectFound, selectKeys } from '../../../../src/source/copy/selection.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { intColumn, varcharColumn } from '../../../support/row-images.ts';

function selectionOf(columns: readonly Column[], key: readonly number[]): Parameters<typeof selectChunk>[0] {
  const primaryKey = key.flatMap((index) => {
    const column = columns[index];
    return column === undefined ? [] : [{ column, prefix: 0 }];
  });
  const definition: TableDefinition = {
    table: { database: 'shop', name: 'a`b', columns, primaryKey },
    engine: 'InnoDB',
    isVersioned: false,
    createStatement: '',
    estimatedRows: 0,
    keyCharsets: primaryKey.map(({ column }) =>
      column.type === TYPE.VARCHAR ? { charset: 'gbk', collation: 'gbk_chinese_ci' } : undefined,
    ),
    keyIndex: 'PRIMARY',
  };
  return { definition, columns };
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe('a chunk', () => {
  const selection = selectionOf([intColumn(0, 'id'), varcharColumn(1, 'no'), intColumn(2, 'v')], [1, 0]);

  it('comes in the order of the key, by the index of it', () => {
    expect(selectChunk(selection, undefined, 10)).toBe(
      'SELECT `id` AS c0, `no` AS c1, `v` AS c2 FROM `shop`.`a``b` FORCE INDEX (`PRIMARY`) ORDER BY `no`, `id` LIMIT 10',
    );
  });

  it('begins after a key, whose text is compared in its own charset and collation', () => {
    expect(selectChunk(selection, [Buffer.from("'\\"), bytes('-7')], 3)).toContain(
      " WHERE (`no` > _gbk x'275c' COLLATE gbk_chinese_ci OR (`no` = _gbk x'275c' COLLATE gbk_chinese_ci AND `id` > -7)) ORDER",
    );
  });

  it('is of a range of keys, whose bounds are in it and may have fewer parts', () => {
    const number = selectionOf([intColumn(0, 'a'), intColumn(1, 'b')], [0, 1]);
    const range = { from: [bytes('1'), bytes('2')], to: [bytes('9')] };
    expect(selectChunk(number, undefined, 3, range)).toContain(
      ' WHERE (`a` > 1 OR (`a` = 1 AND `b` >= 2)) AND `a` <= 9 ORDER BY',
    );
    expect(selectChunk(number, [bytes('4'), bytes('5')], 3, range)).toContain(
      ' WHERE (`a` > 4 OR (`a` = 4 AND `b` > 5)) AND `a` <= 9 ORDER BY',
    );
    expect(selectChunk(number, undefined, 3, { to: [bytes('9'), bytes('8')] })).toContain(
      ' WHERE (`a` < 9 OR (`a` = 9 AND `b` <= 8)) ORDER BY',
    );
  });

  it('is of single keys, and asks which of them are there', () => {
    const keys = [
      [bytes('a'), bytes('1')],
      [bytes("'"), bytes('-2')],
    ];
    const [a, b] = [
      "(`no` = _gbk x'61' COLLATE gbk_chinese_ci AND `id` = 1)",
      "(`no` = _gbk x'27' COLLATE gbk_chinese_ci AND `id` = -2)",
    ];
    const from = 'FROM `shop`.`a``b` FORCE INDEX (`PRIMARY`) WHERE';
    expect(selectKeys(selection, keys)).toBe(`SELECT \`id\` AS c0, \`no\` AS c1, \`v\` AS c2 ${from} ${a} OR ${b}`);
    expect(selectFound(selection, keys)).toBe(
      `SELECT EXISTS (SELECT 1 ${from} ${a}) AS e0, EXISTS (SELECT 1 ${from} ${b}) AS e1`,
    );
    expect(codeOf(() => selectKeys(selection, [[bytes('a')]]))).toBe('COPY_PLACE_INVALID');
    expect(codeOf(() => selectKeys(selection, [[bytes('a'), bytes('1 OR 1')]]))).toBe('COPY_PLACE_INVALID');
  });

  it('takes nothing but values into its statement, wherever they were kept meanwhile', () => {
    const number = selectionOf([intColumn(0, 'id')], [0]);
    for (const text of ['1 OR 1', '1;', "'", '', '1e', '0x1', 'NULL', '-'])
      expect(
        codeOf(() => selectChunk(number, [bytes(text)], 1)),
        text,
      ).toBe('COPY_PLACE_INVALID');
    expect(codeOf(() => selectChunk(number, [], 1))).toBe('COPY_PLACE_INVALID');
    for (const text of ['0', '-1', '1.50', '-2.5e-7', '1e30'])
      expect(selectChunk(number, [bytes(text)], 1)).toContain(`> ${text} `);
    for (const text of ['2026-01-01 00:00:00.000001', '-838:59:59', '0000-00-00'])
      expect(selectChunk(number, [bytes(text)], 1)).toContain(`> '${text}' `);
  });

  it('of a BIT begins after its number', () => {
    const bit = selectionOf([{ ...intColumn(0, 'b'), type: TYPE.BIT, meta: 64 }], [0]);
    expect(selectChunk(bit, [Buffer.from('ffffffffffffffff', 'hex')], 1)).toContain('`b` > 18446744073709551615 ');
  });
});

it('a table of which no column is read is read all the same', () => {
  expect(selectAll({ ...selectionOf([intColumn(0, 'id')], [0]), columns: [] })).toBe('SELECT 1 FROM `shop`.`a``b`');
});
