/** What holds invariant 17 on real servers: however transactions end there, the copy is what the server holds. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MysqlServer, MysqlVersion } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { PublishingRun } from '../../support/publishing-run.ts';
import { connectMysql } from '../../support/servers.ts';

/** MySQL refuses with GTIDs most of what is tried here. */
const WITHOUT_GTIDS = ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'];
const SERVERS: readonly (readonly [name: string, version: MysqlVersion, flags: readonly string[]])[] = [
  ['MySQL 9.7', '9.7', []],
  ['MySQL 9.7 without GTIDs', '9.7', WITHOUT_GTIDS],
  ['MySQL 8.0 without GTIDs', '8.0', WITHOUT_GTIDS],
  ['MariaDB 10.11', 'mariadb-10.11', []],
  ['MariaDB 11.8', 'mariadb-11.8', []],
];
const TABLES = ['a', 'b', 'log', 'big'] as const;

const SCHEMA = `
  DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; USE shop;
  CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(10));
  CREATE TABLE b (id INT PRIMARY KEY, v VARCHAR(10));
  CREATE TABLE log (id INT PRIMARY KEY, v VARCHAR(10)) ENGINE=MyISAM;
  CREATE TABLE big (id INT PRIMARY KEY, v MEDIUMTEXT);
  CREATE TABLE done (id INT PRIMARY KEY);
  INSERT INTO a VALUES (1, 'kept'), (2, 'kept');
  INSERT INTO b VALUES (1, 'kept');
  INSERT INTO log VALUES (1, 'kept');
`;
/** Takes the limits of a relay of 1 MiB beyond memory. */
const BIG = Array.from({ length: 40 }, (_, i) => `INSERT INTO big VALUES (${i}, REPEAT('${i % 10}', 10000))`);

interface Case {
  readonly name: string;
  readonly prepare?: readonly string[];
  /** Some are meant to fail. */
  readonly statements: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'ROLLBACK TO after a change of a table without transactions',
    statements: [
      'BEGIN',
      "INSERT INTO a VALUES (5, 'e')",
      'SAVEPOINT s',
      "INSERT INTO a VALUES (6, 'f')",
      "UPDATE a SET v = 'changed' WHERE id = 1",
      "INSERT INTO log VALUES (2, 'two')",
      'ROLLBACK TO s',
      'COMMIT',
    ],
  },
  {
    name: 'ROLLBACK with a temporary table',
    statements: [
      'BEGIN',
      "INSERT INTO a VALUES (3, 'c')",
      'CREATE TEMPORARY TABLE tmp (id INT)',
      'INSERT INTO tmp VALUES (1)',
      "INSERT INTO a VALUES (4, 'd')",
      'ROLLBACK',
      "INSERT INTO a VALUES (7, 'after')",
    ],
  },
  {
    name: 'ROLLBACK with a temporary table that is dropped in it',
    prepare: ['CREATE TEMPORARY TABLE tmp (id INT)'],
    statements: [
      'BEGIN',
      "UPDATE a SET v = 'gone'",
      'DROP TEMPORARY TABLE tmp',
      'DELETE FROM b',
      'ROLLBACK',
      "INSERT INTO b VALUES (7, 'after')",
    ],
  },
  {
    name: 'ROLLBACK of changes in tables with and without transactions',
    statements: [
      'BEGIN',
      "INSERT INTO a VALUES (3, 'c')",
      "INSERT INTO log VALUES (2, 'two')",
      "UPDATE log SET v = 'one' WHERE id = 1",
      "INSERT INTO b VALUES (3, 'c')",
      'ROLLBACK',
    ],
  },
  {
    name: 'a trigger that writes into a table without transactions, rolled back and not',
    prepare: ["CREATE TRIGGER a_log AFTER INSERT ON a FOR EACH ROW INSERT INTO log VALUES (NEW.id, 'logged')"],
    statements: [
      "INSERT INTO a VALUES (10, 'ten')",
      'BEGIN',
      "INSERT INTO a VALUES (11, 'eleven')",
      'ROLLBACK',
      'BEGIN',
      'SAVEPOINT s',
      "INSERT INTO a VALUES (12, 'twelve')",
      'ROLLBACK TO s',
      "INSERT INTO b VALUES (12, 'twelve')",
      'COMMIT',
    ],
  },
  {
    name: 'one statement over tables with and without transactions',
    statements: [
      'BEGIN',
      "UPDATE a JOIN log USING (id) SET a.v = 'both', log.v = 'both'",
      'ROLLBACK',
      "UPDATE a JOIN log USING (id) SET a.v = 'again', log.v = 'again'",
      'DELETE a, log FROM a JOIN log USING (id)',
    ],
  },
  {
    name: 'statements that fail in the middle',
    statements: [
      "INSERT INTO log VALUES (3, 'three'), (1, 'taken'), (4, 'four')",
      "INSERT INTO a VALUES (3, 'three'), (1, 'taken'), (4, 'four')",
      'BEGIN',
      "INSERT INTO b VALUES (3, 'three')",
      "INSERT INTO b VALUES (4, 'four'), (1, 'taken')",
      "INSERT INTO log VALUES (5, 'five'), (1, 'taken')",
      'COMMIT',
    ],
  },
  {
    name: 'savepoints inside of savepoints, with the same name, released, and gone back to twice',
    statements: [
      'BEGIN',
      "INSERT INTO log VALUES (6, 'six')",
      "INSERT INTO a VALUES (20, 'kept')",
      'SAVEPOINT one',
      "INSERT INTO a VALUES (21, 'gone')",
      'SAVEPOINT two',
      "INSERT INTO log VALUES (7, 'seven')",
      "INSERT INTO a VALUES (22, 'gone')",
      'ROLLBACK TO two',
      "INSERT INTO a VALUES (23, 'gone')",
      'ROLLBACK WORK TO SAVEPOINT ONE',
      "INSERT INTO a VALUES (24, 'kept')",
      'SAVEPOINT `one`',
      "INSERT INTO a VALUES (25, 'gone')",
      "INSERT INTO log VALUES (8, 'eight')",
      'ROLLBACK TO `One`',
      'ROLLBACK TO one',
      'SAVEPOINT three',
      "INSERT INTO a VALUES (26, 'kept')",
      'RELEASE SAVEPOINT three',
      'COMMIT',
    ],
  },
  {
    name: 'an XA branch that goes back to a savepoint, and one that is rolled back',
    statements: [
      "XA START 'x1'",
      "INSERT INTO a VALUES (30, 'kept')",
      'SAVEPOINT s',
      "INSERT INTO a VALUES (31, 'gone')",
      'ROLLBACK TO s',
      "INSERT INTO a VALUES (32, 'kept')",
      "XA END 'x1'",
      "XA PREPARE 'x1'",
      "XA COMMIT 'x1'",
      "XA START 'x2'",
      "INSERT INTO a VALUES (33, 'gone')",
      "XA END 'x2'",
      "XA ROLLBACK 'x2'",
      "XA START 'x3'",
      "INSERT INTO a VALUES (34, 'gone')",
      "XA END 'x3'",
      "XA PREPARE 'x3'",
      "XA ROLLBACK 'x3'",
    ],
  },
  {
    name: 'a transaction larger than memory, rolled back in part, in whole, and not',
    statements: [
      'BEGIN',
      ...BIG,
      'SAVEPOINT s',
      'DELETE FROM big',
      "INSERT INTO log VALUES (9, 'nine')",
      'ROLLBACK TO s',
      "INSERT INTO a VALUES (40, 'kept')",
      'COMMIT',
      'BEGIN',
      'CREATE TEMPORARY TABLE tmp2 (id INT)',
      "UPDATE big SET v = CONCAT(v, 'gone')",
      'ROLLBACK',
      'BEGIN',
      'DELETE FROM big WHERE id % 2',
      "UPDATE big SET v = CONCAT(v, 'kept')",
      'COMMIT',
    ],
  },
];

describe.each(SERVERS)('a copy of %s is what the server holds after', (_, version, flags) => {
  let mysql: MysqlServer;
  let connection: Connection;
  let run: PublishingRun;

  beforeAll(async () => {
    mysql = await startMysql({ version, flags, own: true, progress: () => undefined });
  });
  afterAll(() => mysql.remove());
  beforeEach(async () => {
    connection = await connectMysql(mysql);
    await connection.query(SCHEMA);
  });
  afterEach(async () => {
    await run.stop();
    await connection.end();
  });

  it.each(CASES)('$name', async ({ prepare = [], statements }) => {
    for (const statement of prepare) await connection.query(statement);
    const before = await contents(connection);
    run = await PublishingRun.start(mysql, 'shop', { ordering: 'total', heldBytes: 1 << 20 });
    for (const statement of statements) await connection.query(statement).catch(() => undefined);
    await connection.query('INSERT INTO done VALUES (1)');
    await run.untilSent(({ table }) => table === 'done');
    expect(replay(before, run)).toEqual(await contents(connection));
  });
});

type Contents = Record<(typeof TABLES)[number], Record<string, string | null>>;

async function contents(connection: Connection): Promise<Contents> {
  const tables = await Promise.all(
    TABLES.map(async (table) => {
      const [rows] = await connection.query<RowDataPacket[]>(`SELECT id, v FROM shop.${table}`);
      return [table, Object.fromEntries(rows.map(({ id, v }) => [String(id), v as string | null]))];
    }),
  );
  return Object.fromEntries(tables) as Contents;
}

/** Strict: an insert must be new, an update or delete must find its row. */
function replay(before: Contents, run: PublishingRun): Contents {
  const copy = structuredClone(before);
  for (const { table, type, data, old } of run.bodies) {
    if (table === 'done') break;
    const rows = copy[table as (typeof TABLES)[number]];
    data.forEach(({ id, v = null }, i) => {
      const key = id ?? '';
      const oldKey = old?.[i]?.['id'] ?? key;
      expect(oldKey in rows, `${type} ${table} ${key}`).toBe(type !== 'INSERT');
      Reflect.deleteProperty(rows, oldKey);
      if (type !== 'DELETE') rows[key] = v;
    });
  }
  return copy;
}
