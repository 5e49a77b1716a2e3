/**
 * Every character of every charset, through real row events: the server puts them in a column of the charset, and what
 * is published has to be what it prints itself. Sequences that a column takes but the server has no character for have
 * to be refused.
 */
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answersOf, candidatesOf, numbersUpTo, textCharsets } from '../../../dev/charsets/characters.ts';
import type { MysqlAddress, MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { bytesOf, pointOf } from '../../../src/binlog/charsets/charset.ts';
import { charsetOf } from '../../../src/binlog/charsets/charsets.ts';
import { captureSql } from '../../support/capture-binlog.ts';
import { insertedRows } from '../../support/row-texts.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../../support/servers.ts';

/** How many candidates go into one value. */
const PER_VALUE = 2000;

/** Those of the charset that the server can convert, joined to long values. */
function fill(table: string, charset: string, maxBytes: number): readonly string[] {
  const inserts = candidatesOf(charset, maxBytes).map(
    ({ bytes, last }, n) => `INSERT INTO ${table} (part, n, c) ${numbersUpTo(last)}
      SELECT ${n}, i DIV ${PER_VALUE}, GROUP_CONCAT(x ORDER BY i SEPARATOR '') FROM (SELECT i, ${bytes} AS x FROM numbers) AS b
      WHERE CHAR_LENGTH(CONVERT(x USING ${charset})) = 1 AND CHAR_LENGTH(CONVERT(CONVERT(x USING ${charset}) USING utf8mb4)) = 1
        AND (HEX(CONVERT(CONVERT(x USING ${charset}) USING utf8mb4)) <> '3F' OR CONVERT(CONVERT('?' USING ${charset}) USING binary) = x)
      GROUP BY i DIV ${PER_VALUE}`,
  );
  return [
    `CREATE TABLE ${table} (part INT, n INT, c LONGTEXT CHARACTER SET ${charset} COLLATE ${charset}_bin, PRIMARY KEY (part, n))`,
    ...inserts,
  ];
}

async function column(connection: Connection, sql: string): Promise<unknown[]> {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  return (rows as unknown as unknown[][]).map(([first]) => first);
}

const UTF8 = ['utf8', 'utf8mb3', 'utf8mb4'];

describe.each(['9.7', '8.0'] as const)('MySQL %s', (version) => {
  let own: MysqlServer | undefined;
  let server: MysqlAddress;
  let database: FreshDatabase;
  let charsets: ReadonlyMap<string, number>;
  /** Characters published, by charset. */
  const counts = new Map<string, number>();

  beforeAll(async () => {
    if (version === '8.0') own = await startMysql({ own: true, version, progress: () => undefined });
    server = own ?? sharedMysql();
    database = await freshDatabase({ prefix: 'charsets', mysql: server });
    charsets = await textCharsets(database.connection);
  }, 300_000);

  afterAll(async () => {
    await database.drop();
    await own?.remove();
  });

  test('has the charsets that are known', () => {
    const missing = [...charsets.keys()].filter((name) => !UTF8.includes(name) && charsetOf(name) === undefined);
    expect(missing).toEqual([]);
    expect(charsets.size).toBe(40);
  });

  test('every character is published as the server prints it', async () => {
    for (const [charset, maxBytes] of charsets) {
      const statements = [
        `USE ${database.name}`,
        'SET SESSION cte_max_recursion_depth = 4294967295, group_concat_max_len = 1000000',
        ...fill(charset, charset, maxBytes),
      ];
      const events = await captureSql(server, statements.map((sql) => `${sql};\n`).join(''));
      const rows = insertedRows(events, version === '9.7' ? 90_700 : 80_012).get(charset)?.rows ?? [];
      const published = rows.map(([, , c]) => Buffer.from(c?.text ?? '').toString('hex'));
      const expected = await column(
        database.connection,
        `SELECT LOWER(HEX(CONVERT(c USING utf8mb4))) FROM ${charset} ORDER BY part, n`,
      );
      expect(rows.length, charset).toBeGreaterThan(0);
      for (const [i, hex] of published.entries())
        if (hex !== expected[i]) expect({ charset, hex }).toEqual({ charset, hex: expected[i] });
      expect(published.length, charset).toBe(expected.length);
      for (const [, , c] of rows)
        if (c?.json !== JSON.stringify(c?.text).slice(1, -1)) expect(c?.json, charset).toBe(c?.text);
      counts.set(
        charset,
        rows.reduce((sum, [, , c]) => sum + Array.from(c?.text ?? '').length, 0),
      );
      await database.connection.query(`DROP TABLE ${charset}`);
    }
  }, 300_000);

  test('what the server has no character for is refused, and all else was published', async () => {
    for (const [name, maxBytes] of charsets) {
      const answers = await answersOf(database.connection, name, maxBytes);
      expect({ name, count: counts.get(name) }).toEqual({
        name,
        count: answers.filter(([, utf8]) => utf8 !== undefined).length,
      });
      const charset = charsetOf(name);
      if (charset === undefined) continue;
      const wrong = answers.filter(([hex, utf8]) => {
        const b = Buffer.from(hex, 'hex');
        const read = charset.read(b, 0, b.length);
        if (utf8 === undefined || read === 0) return utf8 !== undefined || read !== 0;
        const point = Buffer.from(String.fromCodePoint(pointOf(read)))
          .toString('hex')
          .toUpperCase();
        return point !== utf8 || bytesOf(read) !== b.length;
      });
      expect({ name, wrong: wrong.slice(0, 10) }).toEqual({ name, wrong: [] });
    }
  }, 300_000);
});
