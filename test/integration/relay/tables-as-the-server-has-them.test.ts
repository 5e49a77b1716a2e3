/** Statements, keys and columns that a server understands in its own way, on each server. */
import { Readable } from 'node:stream';
import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MysqlServer, MysqlVersion } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import type { TablePatterns } from '../../../src/change/table-filter.ts';
import { PublishingRun, type PublishingOptions } from '../../support/publishing-run.ts';
import { connectMysql, freshDatabase, type FreshDatabase } from '../../support/servers.ts';

describe.each<MysqlVersion>(['9.7', '8.0', 'mariadb-10.11'])('of %s', (version) => {
  let mysql: MysqlServer;
  let shop: FreshDatabase;
  let hidden: FreshDatabase;
  let sql: Connection;
  let run: PublishingRun;

  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
  }, 300_000);
  afterAll(() => mysql.remove());
  beforeEach(async () => {
    hidden = await freshDatabase({ mysql, prefix: 'hidden' });
    shop = await freshDatabase({ mysql, prefix: 'shop' });
    sql = shop.connection;
  });
  afterEach(async () => {
    await run.stop();
    // A test may have restarted the server.
    const connection = await connectMysql(mysql);
    await connection.query(`DROP DATABASE ${shop.name}; DROP DATABASE ${hidden.name}`);
    await connection.end();
  });

  async function publish(options: PublishingOptions, ...statements: readonly string[]): Promise<void> {
    run = await PublishingRun.start(mysql, shop.name, options);
    for (const statement of statements)
      await sql.query(statement.replaceAll('$H', hidden.name).replaceAll('$S', shop.name));
    await run.untilPublished(sql);
  }

  test('the key of a table without PRIMARY KEY is its UNIQUE NOT NULL, as the server promotes it', async () => {
    await publish(
      {},
      'CREATE TABLE promoted (a INT, b INT NOT NULL, c INT NOT NULL, UNIQUE (a), UNIQUE (c), UNIQUE (b))',
      'CREATE TABLE nullable (a INT, UNIQUE (a))',
      'INSERT INTO promoted VALUES (1, 2, 3)',
      'INSERT INTO nullable VALUES (1)',
    );
    const keys = Object.fromEntries(run.bodies.map(({ table, pkNames }) => [table, pkNames]));
    expect(keys).toEqual({ promoted: ['c'], nullable: null });
  });

  test('a key column that is left out is refused when its table comes', async () => {
    const tables: Partial<TablePatterns> = { excludeColumns: ['*.*.secret'] };
    await publish(
      { tables },
      'CREATE TABLE t (a INT, secret INT NOT NULL, PRIMARY KEY (a))',
      'INSERT INTO t VALUES (1, 1)',
      'ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a, secret)',
      'INSERT INTO t VALUES (1, 2)',
    );
    expect(run.failure).toMatchObject({ code: 'BINLOG_UNSUPPORTED', details: { column: 'secret' } });
    expect(run.bodies.map(({ data }) => data)).toEqual([[{ a: '1' }]]);
  });

  test('a table that is renamed between strings of any quotes does not pass in silence', async () => {
    const rename = (comment: string, other: string): string =>
      `CREATE TABLE $H.t (a INT, id INT PRIMARY KEY); ALTER TABLE $H.t MODIFY a INT COMMENT ${comment}, RENAME TO $S.sneaked, COMMENT ${other}; DROP TABLE sneaked`;
    await publish(
      {},
      rename(String.raw`"17\" wide"`, String.raw`"15\" high"`),
      rename(String.raw`'17\' wide'`, String.raw`'15\' high'`),
      "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'",
      rename(String.raw`"C:\"`, String.raw`"D:\"`),
      rename(String.raw`'C:\'`, String.raw`'D:\'`),
      "SET SESSION sql_mode = 'ANSI_QUOTES'",
      rename(String.raw`'"'`, String.raw`'"\''`),
      'SET SESSION sql_mode = DEFAULT',
    );
    expect(run.notices.map(({ subject, count }) => [subject, count])).toEqual([[`${shop.name}.sneaked`, 10]]);
  });

  test('a table of MEMORY that is empty after a restart is announced when it is published, and passes when not', async () => {
    await publish(
      {},
      'CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MEMORY; INSERT INTO m VALUES (1)',
      'CREATE TABLE $H.m (id INT PRIMARY KEY) ENGINE=MEMORY; INSERT INTO $H.m VALUES (1)',
    );
    await mysql.stop();
    await mysql.start();
    sql = await connectMysql(mysql);
    await sql.query(`SELECT * FROM ${hidden.name}.m; SELECT * FROM ${shop.name}.m`);
    await run.untilPublished(sql);
    expect(run.failure).toBeUndefined();
    expect(run.notices.map(({ subject }) => subject)).toEqual([`${shop.name}.m`]);
    await sql.end();
  });

  test('a statement that is logged as text stops the relay only where it may write a published database', async () => {
    const statement = ["SET SESSION binlog_format = 'STATEMENT'", 'INSERT INTO $H.t VALUES (1)'];
    await publish({}, 'CREATE TABLE $H.t (id INT PRIMARY KEY)', ...statement);
    // MariaDB does not say which databases a statement may write by triggers.
    const known = version !== 'mariadb-10.11';
    if (known) expect(run.failure).toBeUndefined();
    await sql.query(
      `SET SESSION binlog_format = 'ROW'; CREATE TABLE t (id INT); CREATE TRIGGER ${hidden.name}.g AFTER INSERT ON ${hidden.name}.t FOR EACH ROW INSERT INTO ${shop.name}.t VALUES (1);
       SET SESSION binlog_format = 'STATEMENT'; INSERT INTO ${hidden.name}.t VALUES (2)`,
    );
    await run.untilPublished(sql);
    expect(run.failure).toMatchObject({ code: 'BINLOG_STATEMENT' });
    expect(run.failure?.message).toContain(`INSERT of ${hidden.name}.t`);
  });

  test('a LOAD DATA that is logged as text stops the relay where it may write a published database', async () => {
    await sql.query('SET GLOBAL local_infile = ON');
    await publish({}, 'CREATE TABLE t (id INT)', 'CREATE TABLE $H.t (id INT)');
    const load = (table: string): Promise<unknown> =>
      sql.query({
        sql: `SET SESSION binlog_format = 'STATEMENT'; LOAD DATA LOCAL INFILE 'ids' INTO TABLE ${table} (id)`,
        infileStreamFactory: () => Readable.from([Buffer.from('1\n2\n')]),
      });
    await load(`${hidden.name}.t`);
    await run.untilPublished(sql);
    // MariaDB does not say which databases a statement may write by triggers.
    if (!version.startsWith('mariadb')) expect(run.failure).toBeUndefined();
    await load(`${shop.name}.t`);
    await run.untilPublished(sql);
    const known = version.startsWith('mariadb') ? hidden.name : shop.name;
    expect(run.failure).toMatchObject({ code: 'BINLOG_STATEMENT' });
    expect(run.failure?.message).toContain(`LOAD DATA of ${known}.t`);
    expect(run.bodies).toEqual([]);
  });

  test('rows that a foreign key changes are published, or the statement that made the key is warned of', async () => {
    await publish(
      {},
      'CREATE TABLE o (id INT PRIMARY KEY)',
      'CREATE TABLE line (id INT PRIMARY KEY, o INT, FOREIGN KEY (o) REFERENCES o (id) ON DELETE CASCADE)',
      'INSERT INTO o VALUES (1); INSERT INTO line VALUES (1, 1)',
      'DELETE FROM o',
    );
    const deleted = run.bodies.filter(({ type }) => type === 'DELETE').map(({ table }) => table);
    const warned = run.warnings.filter((text) => text.startsWith('a statement makes a foreign key'));
    const logsThem = version === '9.7';
    expect([deleted, warned.length]).toEqual([
      logsThem ? expect.arrayContaining(['o', 'line']) : ['o'],
      logsThem ? 0 : 1,
    ]);
  });

  test('an ENUM or SET whose text another value has is refused, or marked', async () => {
    const statements = [
      "SET SESSION sql_mode = ''",
      "CREATE TABLE labels (id INT PRIMARY KEY, e ENUM('a', ''), s SET('', '6'))",
      "INSERT INTO labels VALUES (1, '', '6')",
      "INSERT INTO labels VALUES (2, 'none', 3)",
    ];
    await publish({ publish: { invalidText: 'base64' } }, ...statements);
    expect(run.bodies.flatMap(({ data, invalidText }) => [data, invalidText?.map(({ data }) => data)])).toEqual(
      expect.arrayContaining([[{ id: '1', e: '', s: '6' }], [{ id: '2', e: 'AA==', s: 'Aw==' }], [['e', 's']]]),
    );
    await run.stop();
    run = await PublishingRun.start(mysql, shop.name);
    await sql.query("INSERT INTO labels VALUES (3, 'none', '6')");
    await run.untilPublished(sql);
    expect(run.failure).toMatchObject({ code: 'BINLOG_UNSUPPORTED' });
  });

  test.runIf(version === 'mariadb-10.11')('columns that it made for itself are not published', async () => {
    await publish(
      {},
      'CREATE TABLE i (id INT PRIMARY KEY, b BLOB, t TEXT, DB_ROW_HASH_1 INT, UNIQUE (b), UNIQUE (t))',
      "INSERT INTO i VALUES (1, 'k', 't', 5)",
      "UPDATE i SET b = 'l'",
      'CREATE SEQUENCE $H.seq1; ALTER SEQUENCE $H.seq1 CACHE 5; DROP SEQUENCE $H.seq1',
    );
    expect(run.failure).toBeUndefined();
    expect(run.bodies.map(({ data, old }) => [data, old])).toEqual([
      [[{ id: '1', b: 'aw==', t: 't', DB_ROW_HASH_1: '5' }], null],
      [[{ id: '1', b: 'bA==', t: 't', DB_ROW_HASH_1: '5' }], [{ b: 'aw==' }]],
    ]);
    expect(run.notices).toEqual([]);
  });
});
