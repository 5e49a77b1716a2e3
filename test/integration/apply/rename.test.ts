/** Tables that get other names: in a real target, in two lanes, under kills, and when what was before comes again. */
import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StatementNames } from '../../../src/apply/ledger/statement-notes.ts';
import type { TopicMessage } from '../../../src/topic/topic.ts';
import { copyMark, rows, statement, Writing, type Place, type WritingOptions } from '../../support/lane-messages.ts';
import { connectMysql, freshDatabase, type FreshDatabase } from '../../support/servers.ts';

let target: FreshDatabase;
const open: Writing[] = [];

beforeEach(async () => {
  target = await freshDatabase({ prefix: 'target' });
  for (const name of ['a', 'b']) await target.connection.query(`CREATE TABLE ${name} (id INT PRIMARY KEY, v CHAR(9))`);
});

afterEach(async () => {
  for (const writing of open.splice(0)) writing.end();
  await target.drop();
});

async function begin(options?: WritingOptions): Promise<Writing> {
  const writing = await Writing.begin(target.name, { statements: 'run', ...options });
  open.push(writing);
  return writing;
}

async function select(sql: string): Promise<unknown> {
  const [found] = await target.connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return found;
}
const all = (table: string): Promise<unknown> => select(`SELECT id, v FROM ${table} ORDER BY id`);
const tables = async (): Promise<unknown> =>
  ((await select('SHOW TABLES')) as string[][]).flat().filter((name) => !name.startsWith('apply_'));

/** A row of transaction `n`. */
const row = (place: Place, table: string, id: string, v: string, n: number): TopicMessage =>
  rows(
    { ...place, properties: { table, last: `uuid:${n}#0` } },
    {
      types: { id: 'int', v: 'char(9)' },
      data: [
        [
          ['id', id],
          ['v', v],
        ],
      ],
      head: { table },
    },
  );
const of = (...names: readonly string[]): StatementNames => names.map((name) => ['shop', name]);
const SWAP = 'RENAME TABLE a TO tmp, b TO a, tmp TO b';
const swap = (place: Place, lanes = 1): TopicMessage =>
  statement(place, '9#ddl0', SWAP, lanes, of('a', 'tmp', 'b', 'a', 'tmp', 'b'));
const met = (why: string): Error =>
  expect.objectContaining({ code: 'STATEMENT_MET', message: expect.stringContaining(why) as string }) as Error;
const other = { lane: 'lane-1' };

it('swaps two tables, once, when all lanes have come', async () => {
  const writing = await begin();
  await writing.write(row({ sequence: 1 }, 'a', '1', 'old a', 8), swap({ sequence: 2 }, 2));
  const later = row({ sequence: 3 }, 'a', '3', 'new a', 10);
  expect(await writing.write(later)).toBe(0);
  await writing.write(row({ ...other, sequence: 1 }, 'b', '2', 'old b', 7), swap({ ...other, sequence: 2 }, 2));
  expect(await writing.write(later)).toBe(1);
  expect(await all('a')).toEqual([
    [2, 'old b'],
    [3, 'new a'],
  ]);
  expect(await all('b')).toEqual([[1, 'old a']]);
  expect(await tables()).toEqual(['a', 'b']);
});

it('takes the way of a table to another database, and that of ALTER TABLE', async () => {
  const archive = await freshDatabase({ prefix: 'archive' });
  try {
    const writing = await begin({ rename: { shop: target.name, old: archive.name } });
    const names: StatementNames = [
      ['shop', 'a'],
      ['old', 'a 2025'],
    ];
    await writing.write(
      row({ sequence: 1 }, 'a', '1', 'x', 7),
      statement({ sequence: 2 }, '8#ddl0', 'RENAME TABLE a TO old.`a 2025`', 1, names),
      statement({ sequence: 3 }, '9#ddl0', 'ALTER TABLE b RENAME TO a', 1, of('b', 'a')),
      row({ sequence: 4 }, 'a', '2', 'y', 10),
    );
    expect(await select(`SELECT id FROM ${archive.name}.\`a 2025\``)).toEqual([[1]]);
    expect(await all('a')).toEqual([[2, 'y']]);
    expect(await tables()).toEqual(['a']);
  } finally {
    await archive.drop();
  }
});

describe('when a later run of the relay brings again what was before', () => {
  it('leaves both tables as they are, and runs nothing again (invariant 22)', async () => {
    const writing = await begin();
    const truncate = (epoch: number, sequence: number): TopicMessage =>
      statement({ epoch, sequence }, '6#ddl0', 'TRUNCATE TABLE a', 1, of('a'));
    const before = (epoch: number): readonly TopicMessage[] => [
      truncate(epoch, 1),
      row({ epoch, sequence: 2 }, 'a', '1', 'old a', 7),
      row({ epoch, sequence: 3 }, 'b', '1', 'old b', 8),
      swap({ epoch, sequence: 4 }),
      row({ epoch, sequence: 5 }, 'a', '2', 'new a', 10),
    ];
    const expectRight = async (): Promise<void> => {
      expect(await all('a')).toEqual([
        [1, 'old b'],
        [2, 'new a'],
      ]);
      expect(await all('b')).toEqual([[1, 'old a']]);
    };
    await writing.write(...before(1));
    await expectRight();
    await writing.write(...before(2));
    await expectRight();
    const again = await begin();
    await again.write(...before(3), row({ epoch: 3, sequence: 6 }, 'b', '1', 'new b', 11));
    expect(await all('b')).toEqual([[1, 'new b']]);
  });
});

describe('after a kill', () => {
  const marker = (name: string): Promise<unknown> =>
    target.connection.query(`CREATE TABLE binlog_relay_rename_${name} (id INT) COMMENT = 'uuid:9#ddl0'`);
  const arrive = async (): Promise<Writing> => {
    const before = await begin({ statements: 'stop' });
    const first = [row({ sequence: 1 }, 'a', '1', 'a', 7), row({ sequence: 2 }, 'b', '2', 'b', 8)];
    await before.write(...first, swap({ sequence: 3 })).catch(() => 0);
    return begin();
  };
  const next = row({ sequence: 4 }, 'a', '3', 'c', 10);
  const swapped = [
    [2, 'b'],
    [3, 'c'],
  ];

  it('before it ran it is run', async () => {
    const writing = await arrive();
    await marker('ready');
    expect(await writing.write(next)).toBe(1);
    expect(await all('a')).toEqual(swapped);
  });

  it('after it ran it is not run again, though the tables look the same', async () => {
    const writing = await arrive();
    await marker('done');
    await target.connection.query(SWAP);
    expect(await writing.write(next)).toBe(1);
    expect(await all('a')).toEqual(swapped);
    expect(await tables()).toEqual(['a', 'b']);
  });

  it('of a server that renames one after the other it stops', async () => {
    const writing = await arrive();
    await marker('half');
    await target.connection.query('RENAME TABLE a TO tmp, b TO a');
    await expect(writing.write(next)).rejects.toThrow(met('stopped in the middle'));
    await target.connection.query('RENAME TABLE tmp TO b');
    await writing.ledger.statements.markDone(writing.session, 's1', 'uuid:9#ddl0');
    expect(await writing.write(next)).toBe(1);
    expect(await all('a')).toEqual(swapped);
  });

  it('while the server is at it, what the server makes of it counts', async () => {
    const writing = await arrive();
    const holder = await connectMysql();
    await holder.query(`LOCK TABLES ${target.name}.a READ`);
    const broken = writing.write(next).catch((error: unknown) => error);
    await expect
      .poll(() => select("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'RENAME TABLE%'"))
      .toEqual([[1]]);
    writing.end();
    await broken;
    const after = await begin();
    expect(await after.write(next)).toBe(0);
    await holder.end();
    await expect.poll(() => after.write(next)).toBe(1);
    expect(await all('a')).toEqual(swapped);
    expect(await tables()).toEqual(['a', 'b']);
  });
});

describe('stops with the reason', () => {
  it.each<[string, string, StatementNames, WritingOptions]>([
    ['shop.tmp is not', 'RENAME TABLE a TO tmp', of('a', 'tmp'), { include: ['shop.a', 'shop.b'] }],
    ['shop.c is not: copy', 'RENAME TABLE c TO a', of('c', 'a'), { include: ['shop.a', 'shop.b'] }],
    ['already exists', 'RENAME TABLE a TO b', of('a', 'b'), {}],
    ['has no table', 'RENAME TABLE a TO c, x TO a', of('a', 'c', 'x', 'a'), { create: true }],
  ])('%s: %s', async (why, sql, names, options) => {
    const writing = await begin(options);
    await expect(writing.write(statement({ sequence: 1 }, '9#ddl0', sql, 1, names))).rejects.toThrow(met(why));
    expect(await tables()).toEqual(['a', 'b']);
    await writing.ledger.statements.markDone(writing.session, 's1', 'uuid:9#ddl0');
    expect(await writing.write(row({ sequence: 2 }, 'a', '2', 'y', 10))).toBe(1);
  });

  it('where a copy has begun whose rows have not come', async () => {
    const writing = await begin();
    const begun = copyMark({ sequence: 1, properties: { table: 'a' } }, 'begin', '', true, 1);
    await expect(writing.write(begun, swap({ sequence: 2 }))).rejects.toThrow(met('a copy of shop.a has begun'));
  });
});

it('swaps two of three tables by way of a name that is not written', async () => {
  const writing = await begin({ include: ['shop.a', 'shop.b'] });
  await writing.write(row({ sequence: 1 }, 'a', '1', 'a', 7), swap({ sequence: 2 }));
  expect(await all('b')).toEqual([[1, 'a']]);
});

it('leaves to a copy what is not there yet', async () => {
  const writing = await begin({ create: true });
  const sql = statement({ sequence: 1 }, '9#ddl0', 'RENAME TABLE c TO d', 1, of('c', 'd'));
  expect(await writing.write(sql, row({ sequence: 2 }, 'a', '1', 'a', 10))).toBe(2);
  expect(await tables()).toEqual(['a', 'b']);
});
