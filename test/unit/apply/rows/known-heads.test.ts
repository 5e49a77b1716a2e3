/** Messages whose bodies begin with the same bytes share what was read of them: `Tables` reads a head once. */
import { expect, it } from 'vitest';
import { addMessage } from '../../../../src/apply/rows/add-message.ts';
import { readHead, rowsBegin, type RowsHead } from '../../../../src/apply/rows/head.ts';
import { Statements } from '../../../../src/apply/rows/statements.ts';
import { body, planOf, type BodyParts } from './bodies.ts';

const TYPES = { id: 'int', note: 'varchar(20)' };
const heads = new Map<string, RowsHead>();
const plan = planOf(TYPES, ['id']);

function sqlOf(...messages: readonly Omit<BodyParts, 'types'>[]): readonly string[] {
  const out = new Statements();
  for (const parts of messages) {
    const bytes = body({ types: TYPES, ...parts });
    const begin = rowsBegin(bytes);
    const text = bytes.toString('latin1', 0, begin);
    const head = heads.get(text) ?? readHead(bytes, begin);
    heads.set(text, head);
    addMessage(out, { body: bytes, begin, head, plan, rows: parts.data.length, hasInvalidText: false });
  }
  return out.take().map(({ sql }) => sql.toString());
}

const row = (id: string, note: string | null): BodyParts['data'][number] => [
  ['id', id],
  ['note', note],
];

it('writes rows by what is known of the head', () => {
  expect(sqlOf({ data: [row('1', 'a')] }, { data: [row('2', null)] }, { data: [row('3', '"')] })).toEqual([
    'REPLACE INTO `copy`.`orders` (`id`,`note`) VALUES (1,"a"),(2,null),(3,"\\"")',
  ]);
});

it('looks at the names all the same: other columns, or another order, are a statement of their own', () => {
  const turned = [
    ['note', 'b'],
    ['id', '2'],
  ] as const;
  expect(
    sqlOf({ data: [row('1', 'a')] }, { data: [turned] }, { data: [[['id', '3']]] }, { data: [row('4', 'd')] }),
  ).toEqual([
    'REPLACE INTO `copy`.`orders` (`id`,`note`) VALUES (1,"a")',
    'REPLACE INTO `copy`.`orders` (`note`,`id`) VALUES ("b",2)',
    'REPLACE INTO `copy`.`orders` (`id`) VALUES (3)',
    'REPLACE INTO `copy`.`orders` (`id`,`note`) VALUES (4,"d")',
  ]);
});

it('sees an update that changes the key after one that does not', () => {
  const update = (id: string, old: BodyParts['data'][number]): Omit<BodyParts, 'types'> => ({
    kind: 'UPDATE',
    data: [row(id, 'x')],
    old: [old],
  });
  expect(sqlOf(update('1', [['note', 'a']]), update('2', [['id', '7']]), update('3', [['note', 'b']]))).toEqual([
    'REPLACE INTO `copy`.`orders` (`id`,`note`) VALUES (1,"x")',
    'DELETE FROM `copy`.`orders` WHERE `id` = 7',
    'REPLACE INTO `copy`.`orders` (`id`,`note`) VALUES (2,"x")',
    'REPLACE INTO `copy`.`orders` (`id`,`note`) VALUES (3,"x")',
  ]);
});

it('uses its memory again once it is recycled', () => {
  const out = new Statements();
  out.add(plan, 'DELETE FROM t', 1);
  out.take();
  out.recycle();
  expect(out.isEmpty).toBe(true);
});
