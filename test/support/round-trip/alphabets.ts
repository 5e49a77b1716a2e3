/** Which characters a text column of each charset can hold and give back, as the server itself says. */
import type { Connection } from 'mysql2/promise';
import { textCharsets } from '../../../dev/charsets/characters.ts';
import type { Random } from './random.ts';

/** A character of a charset: its bytes there, and what it is. */
export interface Character {
  readonly bytes: string;
  readonly text: string;
}

export interface Alphabet {
  readonly charset: string;
  readonly maxBytes: number;
  readonly collations: readonly string[];
  readonly characters: readonly Character[];
  /** Letters of both cases, a space, what JSON and SQL escape. */
  readonly plain: readonly Character[];
  /** False where digits are no digits, or quotes no quotes. */
  readonly isAsciiLike: boolean;
}

const PLAIN = ['a', 'A', 'b', ' ', 'e', 'E', '1', '"', '\\', "'", '\n', '\t', '\0', '\u007f', '\u0001', '/', '%'];
/** Columns under it keep the byte 7F and print it, but take no U+007F. */
const LOSSY_COLLATIONS = new Set(['latin2_czech_cs']);
/** On the way to and from UTF-8: lengths change, surrogates begin, a byte-order mark, no character, the last. */
const POINTS = [
  0x80, 0xe9, 0xff, 0x131, 0x7ff, 0x800, 0x2028, 0x2029, 0x20ac, 0x4e2d, 0x6587, 0x0e01, 0xac00, 0xd7ff, 0xe000, 0xf8ff, 0xfeff, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x1f600, 0x10ffff, 0x301, 0x3000, 0xff21,
]; // prettier-ignore
const RANDOM_POINTS = 150;
const RANDOM_PAIRS = 600;

/**
 * The alphabets of all charsets; which characters are in them, beyond the edges, is random.
 *
 * A character is taken if the server makes the same bytes of it again from UTF-8. That leaves out, on purpose, what
 * docs/message-format.md says is lost: bytes without a character, characters with several codes, and U+FFFD for bytes
 * that stand for nothing else.
 */
export async function readAlphabets(connection: Connection, random: Random): Promise<readonly Alphabet[]> {
  await connection.query(
    `CREATE TEMPORARY TABLE candidates (x VARBINARY(8) PRIMARY KEY); CREATE TEMPORARY TABLE points (c VARCHAR(1) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY)`,
  );
  const points = [
    ...POINTS,
    ...random.list(RANDOM_POINTS, () => random.int(0x80, random.pick([0x7ff, 0xffff, 0x2ffff]))),
  ].filter((point) => point < 0xd800 || point > 0xdfff);
  const texts = [
    ...PLAIN,
    ...random.list(0x5f, (i) => String.fromCharCode(0x20 + i)),
    ...points.map((point) => String.fromCodePoint(point)),
  ];
  const pairs = [
    ...random.list(256, (i) => Buffer.from([i])),
    ...random.list(RANDOM_PAIRS, () => Buffer.from([random.int(0x80, 0xff), random.int(0x30, 0xff)])),
    ...random.list(RANDOM_PAIRS, () => Buffer.from([0x8f, random.int(0xa1, 0xfe), random.int(0xa1, 0xfe)])),
    ...random.list(RANDOM_PAIRS, () =>
      Buffer.from([random.int(0x81, 0xfe), random.int(0x30, 0x39), random.int(0x81, 0xfe), random.int(0x30, 0x39)]),
    ),
  ];
  await connection.query('INSERT IGNORE INTO candidates VALUES ?', [pairs.map((bytes) => [bytes])]);
  await connection.query('INSERT IGNORE INTO points VALUES ?', [[...new Set(texts)].map((text) => [text])]);
  const alphabets: Alphabet[] = [];
  for (const [charset, maxBytes] of await textCharsets(connection))
    alphabets.push(await alphabetOf(connection, charset, maxBytes));
  await connection.query('DROP TEMPORARY TABLE candidates, points');
  return alphabets;
}

async function alphabetOf(connection: Connection, charset: string, maxBytes: number): Promise<Alphabet> {
  const ofBytes = `SELECT HEX(x), HEX(CONVERT(CONVERT(x USING ${charset}) USING utf8mb4)) FROM candidates
    WHERE CHAR_LENGTH(CONVERT(x USING ${charset})) = 1
      AND CAST(CONVERT(CONVERT(CONVERT(x USING ${charset}) USING utf8mb4) USING ${charset}) AS BINARY) = x`;
  const ofPoints = `SELECT HEX(CONVERT(c USING ${charset})), HEX(c) FROM points
    WHERE CONVERT(CONVERT(c USING ${charset}) USING utf8mb4) COLLATE utf8mb4_bin = c AND CHAR_LENGTH(CONVERT(c USING ${charset})) = 1`;
  // Bytes in the encodings of Unicode are characters or not by rule, and the points cover them.
  const isUnicode = /^(utf|ucs)/.test(charset);
  const rows = [...(isUnicode ? [] : await texts(connection, ofBytes)), ...(await texts(connection, ofPoints))];
  const characters = rows.map(([bytes = '', utf8 = '']) => ({ bytes, text: Buffer.from(utf8, 'hex').toString() }));
  const collations = await texts(
    connection,
    (await isMariadb(connection))
      ? `SELECT full_collation_name FROM information_schema.collation_character_set_applicability WHERE character_set_name = '${charset}' ORDER BY 1`
      : `SELECT collation_name FROM information_schema.collations WHERE character_set_name = '${charset}' ORDER BY 1`,
  );
  return {
    charset,
    maxBytes,
    collations: collations.map(([name = '']) => name).filter((name) => !LOSSY_COLLATIONS.has(name)),
    characters,
    plain: characters.filter(({ text }) => PLAIN.includes(text)),
    isAsciiLike: charset !== 'swe7',
  };
}

/** Whose collations for several charsets have one name, and another one with each. */
async function isMariadb(connection: Connection): Promise<boolean> {
  const [[version = ''] = []] = await texts(connection, 'SELECT VERSION()');
  return version.includes('MariaDB');
}

async function texts(connection: Connection, sql: string): Promise<string[][]> {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  return rows as unknown as string[][];
}
