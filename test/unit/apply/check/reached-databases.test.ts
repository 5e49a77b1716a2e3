import { expect, it } from 'vitest';
import { reachedDatabases } from '../../../../src/apply/check/reached-databases.ts';

const PRESENT = ['mysql', 'sys', 'binlog_relay', 'copy_shop', 'own', 'shop'];
type Tables = Parameters<typeof reachedDatabases>[0];
const named = (tables: Partial<Tables>): readonly unknown[] =>
  reachedDatabases({ include: ['*.*'], exclude: [], rename: {}, ...tables }, 'binlog_relay', PRESENT).map(
    ({ name, isNamed, isThere }) => `${name}${isNamed ? ' named' : ''}${isThere ? '' : ' missing'}`,
  );

it.each<[string, Partial<Tables>, readonly string[]]>([
  ['all but those of the server and the ledger', {}, ['copy_shop', 'own', 'shop']],
  ['what is renamed, and not its own name', { rename: { shop: 'copy_shop' } }, ['copy_shop named', 'own']],
  ['literal patterns', { include: ['shop.*', 'gone.x'] }, ['shop named', 'gone named missing']],
  ['literal patterns, renamed', { include: ['a.*'], rename: { a: 'own', b: 'shop' } }, ['own named']],
  ['patterns', { include: ['o?n.*'] }, ['own']],
  ['all but what is excluded', { exclude: ['own.*', 'shop.x'] }, ['copy_shop', 'shop']],
])('reaches %s', (_, tables, expected) => {
  expect(named(tables)).toEqual(expected);
});

it('tells which tables of a database may come, by their names in the source', () => {
  const tables = { include: ['shop.*'], exclude: ['shop.log*'], rename: { shop: 'copy_shop' } };
  const [database] = reachedDatabases(tables, 'binlog_relay', PRESENT);
  expect([database?.name, database?.hasTable('orders'), database?.hasTable('logs')]).toEqual([
    'copy_shop',
    true,
    false,
  ]);
});
