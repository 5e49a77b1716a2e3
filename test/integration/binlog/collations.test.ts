import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COLLATION_TABLE } from '../../../src/binlog/collation-table.ts';
import { foldsAsAscii, isByteEqual } from '../../../src/binlog/columns.ts';
import { TYPE } from '../../../src/binlog/column-types.ts';
import { columnOf } from '../../support/columns.ts';
import { freshDatabase, type FreshDatabase } from '../../support/servers.ts';

const folding = COLLATION_TABLE.filter(([id]) => foldsAsAscii(columnOf(TYPE.VARCHAR, { collation: id })));
const PRINTABLE = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i));
const LETTERS = PRINTABLE.filter((character) => /[a-z]/.test(character));

/** The empty text, all texts of one and two printable-ASCII characters, all of three and four letters that tailorings take together. */
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
  const { connection } = database;
  await connection.query(
    `CREATE TABLE texts (s VARCHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, folded VARBINARY(4) NOT NULL)`,
  );
  const rows = texts().map((text) => [text, Buffer.from(folded(text))]);
  for (let i = 0; i < rows.length; i += 5000)
    await connection.query('INSERT INTO texts VALUES ?', [rows.slice(i, i + 5000)]);
});

afterAll(async () => {
  await database.drop();
});

async function rowsOf(sql: string): Promise<unknown[][]> {
  const [rows] = await database.connection.query({ sql, rowsAsArray: true });
  return rows as unknown as unknown[][];
}

/** A pair of texts that the server takes as equal although they differ when folded; none: an empty array. */
function unequalWhenFolded(name: string, charset: string): Promise<unknown[][]> {
  return rowsOf(`SELECT CAST(MIN(folded) AS CHAR), CAST(MAX(folded) AS CHAR) FROM texts
    GROUP BY CONVERT(s USING ${charset}) COLLATE ${name} HAVING MIN(folded) <> MAX(folded) LIMIT 1`);
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
