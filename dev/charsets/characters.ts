import type { Connection } from 'mysql2/promise';

/** Charsets whose characters are arithmetic: UTF-8 and Unicode in words. */
const UNICODE = ['utf8mb3', 'utf8', 'utf8mb4', 'ucs2', 'utf16', 'utf16le', 'utf32'];

/** Those where any two bytes may be asked for, surrogates among them. */
const WORDS = ['ucs2', 'utf16', 'utf16le'];

/** Byte sequences that may be a character, as SQL over a number `i` from 0 to `last`. */
export interface Candidates {
  readonly bytes: string;
  readonly last: number;
}

const ONE: Candidates = { bytes: "UNHEX(LPAD(HEX(i), 2, '0'))", last: 0xff };
const TWO: Candidates = { bytes: "UNHEX(LPAD(HEX(i), 4, '0'))", last: 0xffff };
/** Code set 3 of EUC. */
const THREE: Candidates = { bytes: "UNHEX(CONCAT('8F', LPAD(HEX(i), 4, '0')))", last: 0xffff };
/** GB 18030: 81 to FE, 30 to 39, 81 to FE, 30 to 39; `i` counts them. */
const FOUR: Candidates = {
  bytes:
    'UNHEX(CONCAT(HEX(0x81 + i DIV 12600), HEX(0x30 + i DIV 1260 MOD 10), HEX(0x81 + i DIV 10 MOD 126), HEX(0x30 + i MOD 10)))',
  last: 126 * 12600 - 1,
};

/** All byte sequences of the charset that may be a character, and some that are none. */
export function candidatesOf(charset: string, maxBytes: number): readonly Candidates[] {
  if (UNICODE.includes(charset)) {
    const unicode = "CONVERT(UNHEX(LPAD(HEX(i), 8, '0')) USING utf32)";
    const points = { bytes: `CAST(CONVERT(${unicode} USING ${charset}) AS BINARY)`, last: 0x10ffff };
    return WORDS.includes(charset) ? [points, TWO] : [points];
  }
  if (maxBytes === 4) return [ONE, TWO, FOUR];
  return [ONE, TWO, THREE].slice(0, maxBytes);
}

/** Begins a statement that selects from `numbers`: 0 to `last` as `i`. */
export const numbersUpTo = (last: number): string =>
  `WITH RECURSIVE numbers AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM numbers WHERE i < ${last})`;

/** The statement that the tables are made of. */
export const statementOf = (charset: string, bytes: string): string =>
  `SELECT HEX(x), HEX(CONVERT(CONVERT(x USING ${charset}) USING utf8mb4)) FROM (SELECT ${bytes} AS x FROM numbers) AS b WHERE CHAR_LENGTH(CONVERT(x USING ${charset})) = 1`;

/** Charset to the most bytes of a character, of all charsets of text. */
export async function textCharsets(connection: Connection): Promise<ReadonlyMap<string, number>> {
  const rows = await textRows(
    connection,
    `SELECT character_set_name, CAST(maxlen AS CHAR) FROM information_schema.character_sets
      WHERE character_set_name <> 'binary' ORDER BY 1`,
  );
  return new Map(rows.map(([name, size]) => [name, Number(size)]));
}

export const needsTable = (charset: string): boolean => !UNICODE.includes(charset);

/**
 * What MySQL answers of every well-formed sequence: its bytes, and those of its UTF-8, in hex; without UTF-8 where
 * MySQL has no character.
 */
export async function answersOf(
  connection: Connection,
  charset: string,
  maxBytes: number,
): Promise<readonly (readonly [bytes: string, utf8: string | undefined])[]> {
  const answers: (readonly [string, string | undefined])[] = [];
  await connection.query('SET SESSION cte_max_recursion_depth = 4294967295');
  for (const { bytes, last } of candidatesOf(charset, maxBytes)) {
    for (const [sequence, utf8] of await textRows(connection, `${numbersUpTo(last)} ${statementOf(charset, bytes)}`)) {
      const isLost = utf8 === '' || (utf8 === '3F' && !/^(00)*3F(00)*$/.test(sequence));
      answers.push([sequence, isLost ? undefined : utf8]);
    }
  }
  return answers;
}

async function textRows(connection: Connection, sql: string): Promise<readonly (readonly [string, string])[]> {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  return (rows as unknown as (string | null)[][]).map(([a, b]) => [a ?? '', b ?? '']);
}
