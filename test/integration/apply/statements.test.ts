/** Statements that apply runs in a real target, in two lanes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RowDataPacket } from 'mysql2/promise';
import type { TopicMessage } from '../../../src/topic/topic.ts';
import { rows, statement, Writing, type WritingOptions } from '../../support/lane-messages.ts';
import { freshDatabase, type FreshDatabase } from '../../support/servers.ts';
import type { BodyParts } from '../../unit/apply/rows/bodies.ts';

let target: FreshDatabase;
const open: Writing[] = [];

beforeEach(async () => {
  target = await freshDatabase({ prefix: 'target' });
  await target.connection.query('CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(9))');
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

const order = (id: string, more: Readonly<Record<string, string>> = {}): BodyParts => ({
  types: { id: 'int', note: 'varchar(9)', ...Object.fromEntries(Object.keys(more).map((name) => [name, 'int'])) },
  data: [[['id', id], ['note', 'n'], ...Object.entries(more)]],
});

async function select(sql: string): Promise<unknown> {
  const [found] = await target.connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return found;
}
const ids = (): Promise<unknown> => select('SELECT id FROM orders ORDER BY id');

const other = { lane: 'lane-1' };
const ADD = 'ALTER TABLE `shop`.`orders` ADD COLUMN x INT DEFAULT 7';
const met = (why: string): Error =>
  expect.objectContaining({ code: 'STATEMENT_MET', message: expect.stringContaining(why) as string }) as Error;

it('runs it once when all lanes have come, and not before', async () => {
  const writing = await begin();
  const later = rows({ sequence: 3 }, order('3', { x: '3' }));
  const first = [rows({ sequence: 1 }, order('1')), statement({ sequence: 2 }, '9#ddl0', ADD, 2), later];
  expect(await writing.write(...first)).toBe(2);
  expect(await writing.write(later)).toBe(0);
  const last = statement({ ...other, sequence: 2 }, '9#ddl0', ADD, 2);
  await writing.write(rows({ ...other, sequence: 1 }, order('2')), last);
  expect(await writing.write(later)).toBe(1);
  // In a later run of the relay it comes again.
  const again = [rows({ epoch: 2, sequence: 1 }, order('1')), statement({ epoch: 2, sequence: 2 }, '9#ddl0', ADD, 2)];
  expect(await writing.write(...again, rows({ epoch: 2, sequence: 3 }, order('4', { x: '4' })))).toBe(3);
  expect(await select('SELECT id, x FROM orders ORDER BY id')).toEqual([
    [1, 7],
    [2, 7],
    [3, 3],
    [4, 4],
  ]);
});

describe('after a crash in the middle', () => {
  const arrive = async (sql: string): Promise<Writing> => {
    const before = await begin({ statements: 'stop' });
    await before.write(rows({ sequence: 1 }, order('1')), statement({ sequence: 2 }, '9#ddl0', sql, 1)).catch(() => 0);
    return begin();
  };
  const note = async (writing: Writing): Promise<void> => {
    const shown = (await select('SHOW CREATE TABLE orders')) as readonly (readonly [string, string])[];
    await writing.ledger.statements.noteBefore(writing.session, 's1', 'uuid:9#ddl0', shown[0]?.[1] ?? '');
  };
  const next = rows({ sequence: 3 }, order('3'));

  it.each([
    ['was not yet run', false, 'ALTER TABLE orders RENAME COLUMN note TO n2, ADD COLUMN note VARCHAR(9)'],
    ['has run, and would run again', true, 'ALTER TABLE orders RENAME COLUMN note TO n2, ADD COLUMN note VARCHAR(9)'],
    ['has run, and would fail', true, ADD],
  ])('%s', async (_, hasRun, sql) => {
    const writing = await arrive(sql);
    await note(writing);
    if (hasRun) await target.connection.query(sql.replace('`shop`.', ''));
    expect(await writing.write(next)).toBe(1);
    const columns = await select(
      'SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = "orders"',
    );
    expect(columns).toEqual([[3]]);
    expect(await ids()).toEqual([[1], [3]]);
  });

  it('waits while another session is at it', async () => {
    const writing = await arrive(ADD);
    const busy = await begin();
    await busy.ledger.statements.alone(busy.session, async () => {
      expect(await writing.write(next)).toBe(0);
    });
    expect(await writing.write(next)).toBe(1);
  });
});

it.each([
  ['ALTER TABLE orders ADD UNIQUE (note)', 'UNIQUE'],
  ['ALTER TABLE orders ADD COLUMN note INT', 'Duplicate column'],
  ['CREATE TABLE orders (id VARCHAR(9) PRIMARY KEY)', 'collation'],
])('stops with the reason at %s', async (sql, why) => {
  const writing = await begin();
  await expect(writing.write(statement({ sequence: 1 }, '9#ddl0', sql, 1))).rejects.toThrow(met(why));
  await writing.ledger.statements.markDone(writing.session, 's1', 'uuid:9#ddl0');
  expect(await writing.write(rows({ sequence: 2 }, order('2')))).toBe(1);
  expect(await select('SHOW TABLES LIKE "binlog_relay_draft"')).toEqual([]);
});

it('makes a table as a copy has to be', async () => {
  await target.connection.query('DROP TABLE orders');
  const sql =
    'CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(9) UNIQUE, p INT REFERENCES p (id), g INT AS (id * 2), ' +
    'CONSTRAINT c FOREIGN KEY (p) REFERENCES gone (id), CHECK (id > 5)) COMMENT = "x"'.replaceAll('"', "'");
  const writing = await begin();
  await writing.write(
    statement({ sequence: 1 }, '9#ddl0', sql, 1),
    rows({ sequence: 2 }, order('2', { p: '3', g: '9' })),
  );
  expect(await select('SELECT id, p, g FROM orders')).toEqual([[2, 3, 9]]);
});

describe.each([
  ['with a key', ['id']],
  ['without a key', null],
])('of a table %s', (_, key) => {
  const one = (id: string, source: string): BodyParts => ({ ...order(id), key, head: { source } });

  beforeEach(async () => {
    if (key === null) await target.connection.query('ALTER TABLE orders DROP PRIMARY KEY');
  });

  it('TRUNCATE is run again when a later run of the relay brings again what it has removed', async () => {
    const writing = await begin();
    const truncate = (epoch: number, lane: string, sequence: number): TopicMessage =>
      statement({ epoch, lane, sequence }, '9#ddl0', 'TRUNCATE TABLE orders', 2);
    await writing.write(rows({ sequence: 1 }, one('1', 'a')), truncate(1, 'lane-0', 2));
    await writing.write(truncate(1, 'lane-1', 1));
    const later = rows({ sequence: 3 }, one('3', 'b'));
    await writing.write(later);
    expect(await ids()).toEqual([[3]]);
    await writing.write(rows({ epoch: 2, sequence: 1 }, one('1', 'a')), truncate(2, 'lane-0', 2));
    const after = rows({ epoch: 2, sequence: 3 }, one('3', 'b'));
    expect(await writing.write(after)).toBe(0);
    await writing.write(truncate(2, 'lane-1', 1));
    expect(await writing.write(after)).toBe(1);
    expect(await ids()).toEqual([[3]]);
  });
});

it('lets a lane go on that waits at a statement which comes again in a later run', async () => {
  const writing = await begin();
  const drop = 'DROP TABLE orders';
  await writing.write(rows({ sequence: 1 }, order('1')), statement({ sequence: 2 }, '9#ddl0', drop, 2));
  const next = rows({ epoch: 2, sequence: 1 }, order('1'));
  expect(await writing.write(next)).toBe(0);
  await writing.write(statement({ ...other, epoch: 2, sequence: 1 }, '9#ddl0', drop, 2));
  expect(await writing.write(next, statement({ epoch: 2, sequence: 2 }, '9#ddl0', drop, 2))).toBe(2);
  expect(await select("SHOW TABLES LIKE 'orders'")).toEqual([]);
});
