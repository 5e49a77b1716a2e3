import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../src/binlog/binlog.ts';
import { TYPE } from '../../../../src/binlog/wire/column-types.ts';
import type { TableDefinition } from '../../../../src/source/copy/definition.ts';
import { selectAll, selectChunk } from '../../../../src/source/copy/selection.ts';
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
