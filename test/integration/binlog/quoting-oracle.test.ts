/**
 * Statements full of quotes, backslashes and comments: what the server itself takes for a string, against what the text
 * in the binlog is read as.
 */
import fc from 'fast-check';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { readDdl } from '../../../src/binlog/statements/ddl-statement.ts';
import { eventType } from '../../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../../src/binlog/wire/event-types.ts';
import { readQuery } from '../../../src/binlog/statements/query.ts';
import { captureEvents } from '../../support/capture-binlog.ts';
import { connectMysql } from '../../support/servers.ts';

const SEED = 20_261_125;
/** For each sql_mode, charset and server. */
const STATEMENTS = 60;
const CHECKSUM_BYTES = 4;
const MODES = ['', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'];

/** Of each charset, characters whose last byte is a backslash. */
const CHARSETS = [
  ['UTF8MB4_GENERAL_CI', ['é', '語']],
  ['SJIS_JAPANESE_CI', ['表', 'ソ', '能']],
  ['BIG5_CHINESE_CI', ['功', '許']],
  ['GBK_CHINESE_CI', ['誠']],
] as const;

const noise = (characters: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      fc.constantFrom(
        ...['a', ' ', "'", "'", '"', '"', '`', '\\', '\\', "''", '""', '*/', '/*', '-- ', '#', '\n', ', '],
        ...characters,
        ", RENAME TO other.y, COMMENT '",
        ', RENAME TO other.y, COMMENT "',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join(''));

function clause(characters: readonly string[]): fc.Arbitrary<string> {
  const inside = noise(characters);
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constantFrom("'", '"'), inside).map(([q, text]) => `COMMENT ${q}${text}${q}`) },
    { weight: 2, arbitrary: fc.constant('RENAME TO other.x') },
    { weight: 1, arbitrary: inside.map((text) => `/* ${text} */ COMMENT ''`) },
    { weight: 1, arbitrary: inside.map((text) => `-- ${text}\n COMMENT 'b'`) },
    { weight: 1, arbitrary: inside.map((text) => `COMMENT # ${text}\n 'c'`) },
    { weight: 1, arbitrary: inside.map((text) => `ALTER COLUMN \`a\` SET DEFAULT '${text}'`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('/*!50000 RENAME TO other.x */', '/*!99999 RENAME TO other.y */ COMMENT ""'),
    },
  );
}

const statement = (characters: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(clause(characters), { minLength: 1, maxLength: 4 })
    .map((clauses) => `ALTER TABLE home.t ${clauses.join(', ')}`);

describe.each(['9.7', '8.0', 'mariadb-10.11'] as const)('of %s (invariant 14)', (version) => {
  let mysql: MysqlServer;
  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
  });
  afterAll(() => mysql.remove());

  it.each(CHARSETS)('%s', async (charset, characters) => {
    const sql = await connectMysql(mysql, { charset, multipleStatements: false });
    /** The name that the table had after each statement that the server has taken. */
    const names: string[] = [];
    const events = await captureEvents(mysql, sql, async () => {
      for (const text of [
        'DROP DATABASE IF EXISTS home',
        'DROP DATABASE IF EXISTS other',
        'CREATE DATABASE home',
        'CREATE DATABASE other',
      ])
        await sql.query(text);
      for (const mode of MODES) {
        await sql.query(`SET SESSION sql_mode = '${mode}'`);
        await sql.query("CREATE TABLE IF NOT EXISTS home.t (a VARCHAR(200) DEFAULT '')");
        for (const text of fc.sample(statement(characters), { seed: SEED, numRuns: STATEMENTS })) {
          const isTaken = await sql.query(text).then(
            () => true,
            () => false,
          );
          if (!isTaken) continue;
          const name = await nameNow(sql);
          names.push(name);
          if (name !== 'home.t') await sql.query(`RENAME TABLE ${name} TO home.t`);
        }
      }
    });
    await sql.end();

    const read = events
      .filter((event) => eventType(event, 0) === EVENT.QUERY)
      .map((event) => readQuery(event, 0, event.length - CHECKSUM_BYTES))
      .filter(({ statement: text }) => text.startsWith('ALTER'))
      .map(({ statement: text, database, quoting }) => ({ text, objects: readDdl(text, database, quoting).objects }));
    expect(read).toHaveLength(names.length);
    for (const [i, { text, objects }] of read.entries()) {
      const found =
        typeof objects === 'string' ? [objects] : objects.map(({ database, table }) => `${database}.${table ?? '*'}`);
      expect(found, text).toContain('home.t');
      expect(found, text).toContain(names[i]);
      // Of several new names the last one counts.
      if (names[i] === 'home.t') expect(found, text).toEqual(['home.t']);
    }
    expect(names.filter((name) => name !== 'home.t').length).toBeGreaterThan(STATEMENTS / 20);
    expect(names.length).toBeGreaterThan(STATEMENTS / 4);
  });
});

async function nameNow(sql: Connection): Promise<string> {
  const [rows] = await sql.query<RowDataPacket[]>(
    "SELECT CONCAT(table_schema, '.', table_name) AS name FROM information_schema.tables WHERE table_schema IN ('home', 'other')",
  );
  return String(rows[0]?.['name']);
}
