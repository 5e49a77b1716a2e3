/** What statements change on a real server, against what their text in the binlog is read as. */
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDdl } from '../../../src/binlog/statements/ddl-statement.ts';
import { statementKind } from '../../../src/binlog/statements/statement-kind.ts';
import { freshDatabase, type FreshDatabase } from '../../support/servers.ts';

let a: FreshDatabase;
let b: FreshDatabase;

beforeAll(async () => {
  a = await freshDatabase({ prefix: 'ddl' });
  b = await freshDatabase({ prefix: 'ddl' });
});
afterAll(async () => {
  await a.drop();
  await b.drop();
});

const TABLES = `
  CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 1);
  CREATE TABLE \`odd \`\`.na"me\` (id INT PRIMARY KEY, v INT); INSERT INTO \`odd \`\`.na"me\` VALUES (1, 1);
  CREATE TABLE parts (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (10)); INSERT INTO parts VALUES (1, 1);
  CREATE VIEW v AS SELECT * FROM t`;

// $A and $B: the databases; $A is the default one.
it.each([
  'CREATE TABLE n (id INT)',
  'CREATE TABLE n LIKE t',
  'CREATE TABLE n AS SELECT * FROM t',
  'CREATE TABLE $B.n (id INT)',
  'ALTER TABLE t ADD COLUMN w INT',
  'ALTER TABLE t DROP COLUMN v',
  'ALTER TABLE $B.t RENAME TO moved',
  'ALTER TABLE t RENAME $B.moved',
  'ALTER TABLE t ADD INDEX i (v); ALTER TABLE t RENAME COLUMN v TO w, RENAME INDEX i TO j',
  'ALTER TABLE parts EXCHANGE PARTITION p WITH TABLE t',
  'ALTER TABLE parts TRUNCATE PARTITION p',
  'ALTER TABLE /* t */ `odd ``.na"me` -- x\n DROP v',
  'TRUNCATE t',
  'TRUNCATE TABLE $B . t',
  'TRUNCATE /*!50003 TABLE */ `t`',
  'SET SESSION sql_mode = \'ANSI_QUOTES\'; TRUNCATE "odd `.na""me"',
  'DROP TABLE t, $B.t',
  'DROP TABLE IF EXISTS t, missing',
  'RENAME TABLE t TO t2, $B.t TO t',
  'DROP DATABASE $B',
  'CREATE INDEX i ON t (v)',
  'CREATE UNIQUE INDEX i USING BTREE ON $B.t (v)',
  'CREATE INDEX i ON t (v); DROP INDEX i ON t',
  'ALTER DATABASE $B CHARACTER SET latin1',
  'CREATE OR REPLACE VIEW v AS SELECT 1 AS id',
  'DROP VIEW v',
  'CREATE PROCEDURE p() TRUNCATE t',
  'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1',
  "CREATE EVENT e ON SCHEDULE EVERY 1 YEAR STARTS '2030-01-01' DO TRUNCATE t",
  'CREATE TEMPORARY TABLE tmp (id INT); DROP TEMPORARY TABLE tmp',
  'ANALYZE TABLE t',
  'OPTIMIZE TABLE t',
  'FLUSH TABLES',
])('%s', async (sql) => {
  for (const { connection, name } of [b, a]) {
    await connection.query(
      `DROP DATABASE IF EXISTS \`${name}\`; CREATE DATABASE \`${name}\`; USE \`${name}\`; ${TABLES}`,
    );
  }
  const before = await snapshot();
  const from = await position();
  await a.connection.query(sql.replaceAll('$A', a.name).replaceAll('$B', b.name));
  await a.connection.query('SET SESSION sql_mode = DEFAULT');
  const statements = await logged(from);
  const after = await snapshot();

  const read = statements.map((statement) => readDdl(statement, a.name));
  for (const { objects } of read) expect(objects).not.toBe('unclear');
  const isNamed = (name: string, isOnlyDifference: boolean): boolean =>
    read.some(
      ({ objects, isDifference }) =>
        typeof objects !== 'string' &&
        (isDifference || !isOnlyDifference) &&
        objects.some(
          ({ database, table }) =>
            name === `${database}.${table}` || (table === undefined && name.startsWith(`${database}.`)),
        ),
    );
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  );
  for (const name of changed) expect(isNamed(name, before.has(name)), `${name} by ${statements.join('; ')}`).toBe(true);
});

it('reads what changes nothing as nothing', () => {
  for (const sql of ['DROP VIEW v', 'CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO TRUNCATE t', 'ANALYZE TABLE t'])
    expect(readDdl(sql, a.name).objects).toBe('none');
});

/** Rows and columns of every table, as text, by its name. */
async function snapshot(): Promise<Map<string, string>> {
  const names = await query(
    `SELECT table_schema AS d, table_name AS t FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema IN ('${a.name}', '${b.name}')`,
  );
  const found = new Map<string, string>();
  for (const { d, t } of names) {
    const name = `\`${String(d)}\`.\`${String(t).replaceAll('`', '``')}\``;
    const columns = await query(`SHOW COLUMNS FROM ${name}`);
    const fields = columns.map(({ Field, Type }) => [Field, Type] as unknown);
    found.set(`${String(d)}.${String(t)}`, JSON.stringify([fields, await query(`SELECT * FROM ${name}`)]));
  }
  return found;
}

/** The DDL statements after a position of the binlog. */
async function logged({ file, offset }: Position): Promise<readonly string[]> {
  const events = await query(`SHOW BINLOG EVENTS IN '${file}' FROM ${offset}`);
  return events
    .filter(({ Event_type: type }) => type === 'Query')
    .map(({ Info }) =>
      String(Info)
        .replace(/^use `[^`]*`; /, '')
        .replace(/ \/\* xid=\d+ \*\/$/, ''),
    )
    .filter((statement) => statementKind(statement) === 'ddl');
}

interface Position {
  readonly file: string;
  readonly offset: number;
}

async function position(): Promise<Position> {
  const [row] = await query('SHOW BINARY LOG STATUS');
  return { file: String(row?.['File']), offset: Number(row?.['Position']) };
}

async function query(sql: string): Promise<RowDataPacket[]> {
  const [rows] = await a.connection.query<RowDataPacket[]>(sql);
  return rows;
}
