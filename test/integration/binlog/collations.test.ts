/** src/binlog/charsets/collations.ts and src/binlog/columns/equality.ts, against what servers say. */
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MARIADB_VERSIONS, type MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { COLLATION_TABLE } from '../../../src/binlog/charsets/collation-table.ts';
import { collationOf } from '../../../src/binlog/charsets/collations.ts';
import { foldsAsAscii, isByteEqual } from '../../../src/binlog/rows/columns.ts';
import { TYPE } from '../../../src/binlog/wire/column-types.ts';
import { columnOf } from '../../support/columns.ts';
import { freshDatabase, type FreshDatabase } from '../../support/servers.ts';

const folding = COLLATION_TABLE.filter(([id]) => foldsAsAscii(columnOf(TYPE.VARCHAR, { collation: id })));
const PRINTABLE = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i));
const LETTERS = PRINTABLE.filter((character) => /[a-z]/.test(character));

/**
 * The empty text, all texts of one and two printable-ASCII characters, all of three and four letters that tailorings
 * take together.
 */
function texts(): string[] {
  const pairs = PRINTABLE.flatMap((a) => PRINTABLE.map((b) => a + b));
  const triples = LETTERS.flatMap((a) => LETTERS.flatMap((b) => LETTERS.map((c) => a + b + c)));
  const contractions = ['c', 'd', 'g', 'h', 'l', 'n', 's', 't', 'y', 'z'];
  const quadruples = contractions.flatMap((a) =>
    contractions.flatMap((b) => contractions.flatMap((c) => contractions.map((d) => a + b + c + d))),
  );
  return ['', ...PRINTABLE, ...pairs, ...triples, ...quadruples];
}

const folded = (text: string): string => text.toLowerCase().replace(/ +$/, '');

let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase({ prefix: 'collations' });
  await fill(database.connection);
});

async function fill(connection: Connection): Promise<void> {
  await connection.query(
    `CREATE TABLE texts (s VARCHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, folded VARBINARY(4) NOT NULL)`,
  );
  const rows = texts().map((text) => [text, Buffer.from(folded(text))]);
  for (let i = 0; i < rows.length; i += 5000)
    await connection.query('INSERT INTO texts VALUES ?', [rows.slice(i, i + 5000)]);
}

afterAll(async () => {
  await database.drop();
});

async function rowsOf(sql: string, connection = database.connection): Promise<unknown[][]> {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  return rows as unknown as unknown[][];
}

/** A pair of texts that the server takes as equal although they differ when folded; none: an empty array. */
function unequalWhenFolded(name: string, charset: string, connection?: Connection): Promise<unknown[][]> {
  return rowsOf(
    `SELECT CAST(MIN(folded) AS CHAR), CAST(MAX(folded) AS CHAR) FROM texts
    GROUP BY CONVERT(s USING ${charset}) COLLATE ${name} HAVING MIN(folded) <> MAX(folded) LIMIT 1`,
    connection,
  );
}

test('the table is what the server answers', async () => {
  const answer = await rowsOf(`SELECT id, collation_name, character_set_name, maxlen FROM information_schema.collations
    JOIN information_schema.character_sets USING (character_set_name) ORDER BY id`);
  expect(COLLATION_TABLE).toEqual(
    answer.map(([id, name, charset, maxBytes]) => [Number(id), name, charset, Number(maxBytes)]),
  );
});

describe('collations that fold as ASCII', () => {
  test('are some', () => expect(folding.length).toBeGreaterThanOrEqual(10));

  test.each(folding)('%i %s', async (_id, name, charset) => {
    expect(await unequalWhenFolded(name, charset)).toEqual([]);
  });

  test.each(['utf8mb4_lithuanian_ci', 'utf8mb4_roman_ci', 'utf8mb4_lv_0900_ai_ci', 'utf8mb4_hu_0900_ai_ci'])(
    'the question is able to find %s',
    async (name) => {
      expect(await unequalWhenFolded(name, 'utf8mb4')).toHaveLength(1);
    },
  );
});

test('collations taken as binary tell apart all texts that differ without the spaces at their end', async () => {
  for (const [id, name, charset] of COLLATION_TABLE) {
    const isAsciiCharset = !['ucs2', 'utf16', 'utf16le', 'utf32', 'swe7', 'binary'].includes(charset);
    if (!isAsciiCharset || !isByteEqual(columnOf(TYPE.VARCHAR, { collation: id }))) continue;
    const equal = await rowsOf(`SELECT 1 FROM texts GROUP BY CONVERT(s USING ${charset}) COLLATE ${name}
      HAVING COUNT(DISTINCT CAST(RTRIM(s) AS BINARY)) > 1 LIMIT 1`);
    expect({ name, equal }).toEqual({ name, equal: [] });
  }
});

describe.each(MARIADB_VERSIONS)('%s', (version) => {
  let mariadb: MysqlServer;
  let own: FreshDatabase;

  beforeAll(async () => {
    mariadb = await startMysql({ version, own: true, progress: () => undefined });
    own = await freshDatabase({ prefix: 'collations', mysql: mariadb });
    await fill(own.connection);
  });
  afterAll(async () => {
    await own.drop();
    await mariadb.remove();
  });

  const collations = async (): Promise<{ id: number; name: string; charset: string; maxBytes: number }[]> => {
    const rows = await rowsOf(
      `SELECT a.id, a.full_collation_name, a.character_set_name, s.maxlen
        FROM information_schema.collation_character_set_applicability a
        JOIN information_schema.character_sets s USING (character_set_name) ORDER BY a.id`,
      own.connection,
    );
    return rows.map(([id, name, charset, maxBytes]) => ({
      id: Number(id),
      name: String(name),
      charset: String(charset),
      maxBytes: Number(maxBytes),
    }));
  };

  test('every collation has the name and charset that the server gives it, but for some Croatian ones', async () => {
    const all = await collations();
    expect(all.length).toBeGreaterThan(1000);
    for (const { id, name, charset, maxBytes } of all) {
      const found = collationOf(id);
      expect({ id, charset: found?.charset, maxBytes: found?.maxBytes }).toEqual({ id, charset, maxBytes });
      expect(found?.name).toBe(name.replace('_croatian_mysql561_ci', '_croatian_ci'));
    }
  });

  test('an id that the server does not have has no collation', async () => {
    const ids = new Set((await collations()).map(({ id }) => id));
    const unknown = Array.from({ length: 4096 }, (_, id) => id).filter((id) => id > 340 && !ids.has(id));
    expect(unknown.filter((id) => collationOf(id) !== undefined && id >= 2048)).toEqual([]);
  });

  test('those that only it has and that fold as ASCII do', async () => {
    const ofMariadb = (await collations()).filter(({ id }) => id >= 1024);
    const folding = ofMariadb.filter(({ id }) => foldsAsAscii(columnOf(TYPE.VARCHAR, { collation: id })));
    expect(folding.length).toBeGreaterThan(30);
    for (const { name, charset } of folding)
      expect({ name, equal: await unequalWhenFolded(name, charset, own.connection) }).toEqual({ name, equal: [] });
  });
});
