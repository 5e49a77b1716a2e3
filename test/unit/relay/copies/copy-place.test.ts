import { expect, it } from 'vitest';
import type { TableCopy } from '../../../../src/checkpoint/checkpoint.ts';
import { afterOf, keyOf, placeOf } from '../../../../src/relay/copies/copy-place.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { intColumn } from '../../../support/row-images.ts';

function tableOf(...names: readonly string[]): Parameters<typeof keyOf>[0] {
  const columns = names.map((name, i) => intColumn(i, name));
  return {
    table: { database: 'shop', name: 'items', columns, primaryKey: columns.map((column) => ({ column, prefix: 0 })) },
    engine: 'InnoDB',
    isVersioned: false,
    createStatement: '',
    estimatedRows: 0,
    keyCharsets: [],
    keyIndex: 'PRIMARY',
  };
}

const copyOf = (more: Partial<TableCopy>): TableCopy => ({
  database: 'shop',
  table: 'items',
  state: 'copying',
  rows: 1,
  ...more,
});

it('goes on behind the key of the checkpoint, and begins anew where the key is another one', () => {
  const table = tableOf('a', 'b');
  const key = [Buffer.from('17'), Buffer.from('4')];
  const copy = copyOf({ key: keyOf(table), after: placeOf(key) });
  expect(afterOf(copy, table)).toEqual(key);
  expect(afterOf(copy, tableOf('a'))).toBeUndefined();
  expect(afterOf(copyOf({}), table)).toBeUndefined();
});

it('refuses a place that has not as many parts as the key', () => {
  const table = tableOf('a', 'b');
  const copy = copyOf({ key: keyOf(table), after: placeOf([Buffer.from('17')]) });
  expect(codeOf(() => afterOf(copy, table))).toBe('COPY_PLACE_INVALID');
  expect(() => afterOf(copy, table)).toThrow('a place of 1 part for the copy of shop.items, whose key has 2');
});
