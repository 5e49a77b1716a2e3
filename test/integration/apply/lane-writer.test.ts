/** What apply refuses, and what it does when messages come again, against a real MySQL. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RowDataPacket } from 'mysql2/promise';
import { copyMark, rows, statement, Writing, type WritingOptions } from '../../support/lane-messages.ts';
import { freshDatabase, type FreshDatabase } from '../../support/servers.ts';
import type { BodyParts } from '../../unit/apply/rows/bodies.ts';

let target: FreshDatabase;
const open: Writing[] = [];

beforeEach(async () => {
  target = await freshDatabase({ prefix: 'target' });
});

afterEach(async () => {
  for (const writing of open.splice(0)) writing.end();
  await target.drop();
});

async function begin(options?: WritingOptions): Promise<Writing> {
  const writing = await Writing.begin(target.name, options);
  open.push(writing);
  return writing;
}

const TYPES = { id: 'int', note: 'varchar(9)' };
const orders = (...ids: readonly string[]): BodyParts => ({
  types: TYPES,
  data: ids.map((id) => [
    ['id', id],
    ['note', `n${id}`],
  ]),
});

async function select(sql: string): Promise<readonly unknown[][]> {
  const [found] = await target.connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return found as unknown as unknown[][];
}
const ids = async (): Promise<readonly unknown[]> => (await select('SELECT id FROM orders ORDER BY id')).flat();

const TABLE = 'CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(9))';
const refusal = (code: string, ...texts: readonly string[]): Error =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(texts.map((text) => text.replaceAll(/[()]/g, '\\$&')).join('.*')) as string,
  }) as Error;

describe('the place in the lane', () => {
  beforeEach(() => target.connection.query(TABLE));

  it('drops what came before, and stops at what is missing', async () => {
    const writing = await begin();
    await writing.write(rows({ sequence: 1 }, orders('1')), rows({ sequence: 2 }, orders('2')));
    await writing.write(rows({ sequence: 1 }, orders('7')), rows({ sequence: 2 }, orders('8')));
    expect(writing.dropped).toBe(2);
    await expect(writing.write(rows({ sequence: 4 }, orders('4')))).rejects.toThrow(
      refusal('TOPIC_GAP', 'lane-0', 'offset 104', '3 was due'),
    );
    const again = await begin();
    await again.write(rows({ sequence: 2 }, orders('9')), rows({ sequence: 3 }, orders('3')));
    // A later run of the relay publishes again what its checkpoint does not have.
    await again.write(rows({ epoch: 2, sequence: 1 }, orders('3', '5')), rows({ epoch: 1, sequence: 4 }, orders('6')));
    expect(await ids()).toEqual([1, 2, 3, 5]);
  });

  it('begins in the middle only when asked to, and then for good', async () => {
    await expect((await begin()).write(rows({ sequence: 7 }, orders('1')))).rejects.toThrow(
      refusal('TOPIC_GAP', 'begins with message 7'),
    );
    await (await begin({ fromHere: true })).write(rows({ sequence: 7 }, orders('1')));
    await (await begin()).write(rows({ lane: 'lane-1', sequence: 9 }, orders('2')));
    expect(await ids()).toEqual([1, 2]);
  });

  it('refuses another stream, unless it is accepted, and finishes the one before in lanes that are behind', async () => {
    const writing = await begin();
    await writing.write(rows({ sequence: 1 }, orders('1')));
    await writing.write(rows({ lane: 'lane-1', sequence: 1 }, orders('2')));
    const foreign = rows({ stream: 's2', sequence: 1 }, orders('3'));
    await expect(writing.write(foreign)).rejects.toThrow(refusal('LEDGER_FOREIGN', 's2', 's1'));
    const accepting = await begin({ acceptNew: true });
    await accepting.write(rows({ sequence: 2 }, orders('4')), foreign, rows({ sequence: 1 }, orders('9')));
    await accepting.write(rows({ lane: 'lane-1', sequence: 2 }, orders('5')));
    await expect(accepting.write(rows({ sequence: 3 }, orders('6')))).rejects.toThrow(refusal('LEDGER_FOREIGN'));
    await expect(accepting.write(rows({ stream: 's3', sequence: 1 }, orders('6')))).rejects.toThrow(
      refusal('LEDGER_FOREIGN', 's3'),
    );
    expect(await ids()).toEqual([1, 2, 3, 4, 5]);
  });

  it('lets a writer that is behind write nothing (invariant 22)', async () => {
    const stale = await begin();
    await stale.write(rows({ sequence: 1 }, orders('1')));
    const other = await begin();
    await other.write(rows({ sequence: 2 }, orders('2')), rows({ sequence: 3 }, { ...orders('2'), kind: 'DELETE' }));
    await expect(stale.write(rows({ sequence: 2 }, orders('2')))).rejects.toThrow(refusal('LEDGER_FENCED'));
    await stale.write(rows({ sequence: 2 }, orders('2')), rows({ sequence: 3 }, { ...orders('2'), kind: 'DELETE' }));
    expect(await ids()).toEqual([1]);
  });
});

describe('a table that does not fit', () => {
  it.each<[string, string, readonly string[]]>([
    ['is missing', 'DO 0', ['has no table']],
    ['has not the column', 'CREATE TABLE orders (id INT PRIMARY KEY)', ['has no column note']],
    ['has another type', 'CREATE TABLE orders (id INT PRIMARY KEY, note TEXT)', ['note is text, and varchar(9)']],
    ['has a column that nobody writes', `${TABLE.slice(0, -1)}, x INT NOT NULL)`, ['column x', 'no default']],
    ['has another key', 'CREATE TABLE orders (id INT, note VARCHAR(9) PRIMARY KEY)', ['columns id', 'PRIMARY beside']],
    ['has a UNIQUE key', `${TABLE.slice(0, -1)}, UNIQUE u (note))`, ['UNIQUE key u']],
    ['has a trigger', `${TABLE}; CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW SET @x = 1`, ['trigger t']],
    ['has a foreign key', `${TABLE.slice(0, -1)}, CONSTRAINT f FOREIGN KEY (id) REFERENCES p (id))`, ['foreign key f']],
    ['has no transactions', `${TABLE} ENGINE = MyISAM`, ['engine is MyISAM']],
  ])('%s', async (_, sql, texts) => {
    await target.connection.query(`CREATE TABLE p (id INT PRIMARY KEY); ${sql}`);
    const writing = await begin();
    const code = texts[0] === 'has no table' ? 'TARGET_TABLE_MISSING' : 'TARGET_TABLE_UNFIT';
    await expect(writing.write(rows({ sequence: 1 }, orders('1')))).rejects.toThrow(refusal(code, 'lane-0', ...texts));
  });

  it('is allowed more than it needs', async () => {
    await target.connection.query(
      'CREATE TABLE orders (NOTE VARCHAR(9), own BIGINT AUTO_INCREMENT UNIQUE, id INT(11) PRIMARY KEY, seen TIMESTAMP DEFAULT CURRENT_TIMESTAMP)',
    );
    await (await begin()).write(rows({ sequence: 1 }, orders('1')));
    expect(await ids()).toEqual([1]);
  });

  it('may have UNIQUE keys where the order of all rows is kept', async () => {
    await target.connection.query(`${TABLE.slice(0, -1)}, UNIQUE u (note))`);
    await (await begin({ keepsUniqueKeys: true })).write(rows({ sequence: 1 }, orders('1')));
    expect(await ids()).toEqual([1]);
  });
});

describe('a value', () => {
  it('that is refused is named without what it is, and what comes before it is written', async () => {
    await target.connection.query('CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(9) CHARACTER SET latin1)');
    const writing = await begin();
    const bad = rows(
      { sequence: 3 },
      {
        types: TYPES,
        data: [
          [
            ['id', '3'],
            ['note', '秘密'],
          ],
        ],
      },
    );
    const write = writing.write(rows({ sequence: 1 }, orders('1')), rows({ sequence: 2 }, orders('2')), bad);
    await expect(write).rejects.toThrow(
      refusal('VALUE_REFUSED', 'offset 103', 'INSERT of shop.orders', '1366', 'note'),
    );
    await expect(writing.write(bad)).rejects.not.toThrow(refusal('VALUE_REFUSED', '秘密|E7A7'));
    expect(await ids()).toEqual([1, 2]);
  });

  it('of an ENUM may be none of its labels, in whichever statement', async () => {
    const types = { id: 'int', e: "enum('a','b')", f: 'float' };
    await target.connection.query("CREATE TABLE orders (id INT PRIMARY KEY, e ENUM('a','b'), f FLOAT)");
    const data = (id: string): BodyParts => ({
      types,
      data: [
        [
          ['id', id],
          ['e', ''],
          ['f', '3.4028235e38'],
        ],
      ],
    });
    const writing = await begin();
    const gone: BodyParts = { ...data('1'), kind: 'DELETE' };
    await writing.write(
      rows({ sequence: 1 }, data('1')),
      rows({ sequence: 2 }, gone),
      rows({ sequence: 3 }, data('2')),
    );
    expect(await select('SELECT id, e + 0, e FROM orders')).toEqual([[2, 0, '']]);
  });

  it('is not taken on trust where the server warns more often than it lists', async () => {
    const types = { id: 'int', e: "enum('a','b')" };
    await target.connection.query("CREATE TABLE orders (id INT PRIMARY KEY, e ENUM('a','b'))");
    const data = ['1', '2', '3', '4'].map((id) => [
      ['id', id],
      ['e', ''],
    ]) satisfies BodyParts['data'];
    const writing = await begin();
    await writing.session.query('SET SESSION max_error_count = 3');
    const write = writing.write(rows({ sequence: 1 }, { types, data }));
    await expect(write).rejects.toThrow(refusal('VALUE_REFUSED', 'shop.orders', '4 times', 'tells 3'));
    await writing.session.query('SET SESSION max_error_count = 4');
    await writing.write(rows({ sequence: 1 }, { types, data }));
    expect(await select('SELECT COUNT(*) FROM orders WHERE e = 0')).toEqual([[4]]);
  });
});

it.each([
  [{ format: 'canal-json-2' }, 'MESSAGE_UNKNOWN', 'canal-json-2'],
  [{ marks: 'oversize,later' }, 'MESSAGE_UNKNOWN', 'later'],
  [{ kind: 'MERGE' }, 'MESSAGE_UNKNOWN', 'MERGE'],
  [{ rows: '2' }, 'MESSAGE_UNREADABLE', 'byte \\d+'],
  [{ sequence: 'one' }, 'MESSAGE_UNREADABLE', 'sequence'],
])('refuses a message with %j', async (properties, code, text) => {
  await target.connection.query(TABLE);
  const writing = await begin();
  await expect(writing.write(rows({ sequence: 1, properties }, orders('1')))).rejects.toThrow(
    refusal(code, 'lane-0', text),
  );
  expect(await ids()).toEqual([]);
});

describe('a table without a key', () => {
  const visits = (kind: NonNullable<BodyParts['kind']>, ...pages: readonly string[]): BodyParts => ({
    types: TYPES,
    key: null,
    kind,
    data: pages.map((page) => [
      ['id', '1'],
      ['note', page],
    ]),
  });
  const notes = async (): Promise<readonly unknown[]> => (await select('SELECT note FROM orders ORDER BY note')).flat();

  beforeEach(() => target.connection.query('CREATE TABLE orders (id INT, note VARCHAR(9))'));

  it('gets a change once, though a later run brings it again in another message', async () => {
    const writing = await begin();
    await writing.write(rows({ sequence: 1 }, visits('INSERT', 'a', 'a')));
    // Changes 0 and 1 of the transaction again, and a third.
    await writing.write(rows({ epoch: 2, sequence: 1 }, visits('INSERT', 'a', 'a', 'A')));
    expect(await notes()).toEqual(['a', 'a', 'A']);
  });

  it('says when a row that is to go is not there, byte by byte', async () => {
    const writing = await begin();
    const gone = rows({ sequence: 2 }, { ...visits('DELETE', 'A'), head: { source: 'later' } });
    await expect(writing.write(rows({ sequence: 1 }, visits('INSERT', 'a')), gone)).rejects.toThrow(
      refusal('ROW_MISSING', 'offset 102', 'no row'),
    );
    expect(await notes()).toEqual(['a']);
  });

  it('loses its old rows when a copy of it comes, whichever lane is first, and also of a table that is empty', async () => {
    await target.connection.query("INSERT INTO orders VALUES (1, 'old')");
    const writing = await begin();
    const other = { lane: 'lane-1' };
    await writing.write(copyMark({ ...other, sequence: 1 }, 'begin', '', true, 2));
    // Before the mark in its own lane: it comes again with the copy.
    await writing.write(rows({ sequence: 1 }, visits('DELETE', 'unknown')));
    await writing.write(copyMark({ sequence: 2 }, 'begin', '', true, 2));
    expect(await notes()).toEqual(['old']);
    await writing.write(rows({ sequence: 3, properties: { copy: '1' } }, visits('INSERT', 'new', 'new')));
    await writing.write(copyMark({ ...other, sequence: 2 }, 'end', '', true, 2));
    await writing.write(copyMark({ sequence: 4 }, 'end', '', true, 2));
    expect(await notes()).toEqual(['new', 'new']);
    await writing.write(copyMark({ sequence: 5 }, 'begin', '', true, 2, '2'));
    await writing.write(copyMark({ sequence: 6 }, 'end', '', true, 2, '2'));
    await writing.write(copyMark({ ...other, sequence: 3 }, 'begin', '', true, 2, '2'));
    expect(await notes()).toEqual(['new', 'new']);
    await writing.write(copyMark({ ...other, sequence: 4 }, 'end', '', true, 2, '2'));
    expect(await notes()).toEqual([]);
    // A row that is not there: the lane goes on when the next copy has begun in another.
    const gone = rows({ sequence: 7 }, visits('DELETE', 'unknown'));
    await expect(writing.write(gone)).rejects.toThrow(refusal('ROW_MISSING', 'lane-0'));
    await writing.write(copyMark({ ...other, sequence: 5 }, 'begin', '', true, 2, '10'));
    expect(await writing.write(gone)).toBe(1);
  });
});

it('a table with a key keeps its rows when an exact copy of it comes, and gets the others', async () => {
  await target.connection.query(`${TABLE}; INSERT INTO orders VALUES (1, 'old'), (2, 'old')`);
  const writing = await begin();
  const other = { lane: 'lane-1' };
  await writing.write(copyMark({ sequence: 1 }, 'begin', '', true, 2));
  await writing.write(copyMark({ ...other, sequence: 1 }, 'begin', '', true, 2));
  await writing.write(rows({ sequence: 2, properties: { copy: '1' } }, orders('2', '3')));
  await writing.write(copyMark({ sequence: 3 }, 'end', '', true, 2));
  await writing.write(copyMark({ ...other, sequence: 2 }, 'end', '', true, 2));
  expect(await select('SELECT * FROM orders ORDER BY id')).toEqual([
    [1, 'old'],
    [2, 'n2'],
    [3, 'n3'],
  ]);
});

it('makes a table where a copy begins, and passes over its rows until then', async () => {
  const writing = await begin({ create: true });
  await writing.write(rows({ sequence: 1 }, orders('1')));
  expect(writing.awaited).toEqual(['shop.orders']);
  const definition =
    'CREATE TABLE `orders` (\n  `id` int NOT NULL,\n  `note` varchar(9),\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB';
  await writing.write(copyMark({ sequence: 2 }, 'begin', definition, false, 1), rows({ sequence: 3 }, orders('2')));
  expect(await ids()).toEqual([2]);
});

describe('a statement', () => {
  const ALTER = 'ALTER TABLE orders ADD COLUMN x INT';
  beforeEach(() => target.connection.query(TABLE));

  it('is waited for in all lanes, and then by hand', async () => {
    const writing = await begin();
    const other = { lane: 'lane-1' };
    const first = [rows({ sequence: 1 }, orders('1')), statement({ sequence: 2 }, '9#ddl0', ALTER, 2)];
    const later = rows({ sequence: 3 }, orders('3'));
    expect(await writing.write(...first, later)).toBe(2);
    expect(await writing.write(later)).toBe(0);
    const last = statement({ ...other, sequence: 1 }, '9#ddl0', ALTER, 2);
    await expect(writing.write(last)).rejects.toThrow(refusal('STATEMENT_MET', 'ADD COLUMN x'));
    await expect(writing.write(later)).rejects.toThrow(refusal('STATEMENT_MET', 'uuid:9#ddl0'));
    expect(await ids()).toEqual([1]);
    await writing.ledger.statements.markDone(writing.session, 's1', 'uuid:9#ddl0');
    expect(await writing.write(later)).toBe(1);
    expect(await writing.write(last, rows({ ...other, sequence: 2 }, orders('4')))).toBe(2);
    expect(await ids()).toEqual([1, 3, 4]);
  });

  it('is passed over where that is configured', async () => {
    const writing = await begin({ statements: 'ignore' });
    await writing.write(statement({ sequence: 1 }, '9#ddl0', ALTER, 2), rows({ sequence: 2 }, orders('1')));
    expect(await ids()).toEqual([1]);
  });
});
