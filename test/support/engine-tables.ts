/**
 * Tables as readers of other makers have them: what MySQL holds, in texts that their values can be compared with.
 */
import type { Connection, RowDataPacket } from 'mysql2/promise';

/** The text of every value of a row. */
export type TextRow = readonly (string | null)[];

/** A table of the types that such readers have a type for. */
export const KINDS = `CREATE TABLE kinds (
  id INT UNSIGNED PRIMARY KEY, t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, su SMALLINT UNSIGNED, m MEDIUMINT, mu MEDIUMINT UNSIGNED, i INT,
  b BIGINT, bu BIGINT UNSIGNED, flag BOOL, d DECIMAL(38,10), d65 DECIMAL(65,30), f FLOAT, g DOUBLE, b1 BIT(1), b9 BIT(9), b64 BIT(64),
  c CHAR(8), vc VARCHAR(50) CHARACTER SET gbk, tx TEXT, lt LONGTEXT, bn BINARY(4), vb VARBINARY(300), bl BLOB, e ENUM('new','paid'), st SET('a','b','c'), j JSON,
  dt DATE, t0 TIME, t6 TIME(6), dtm DATETIME, dtm6 DATETIME(6), ts TIMESTAMP NULL, ts3 TIMESTAMP(3) NULL, y YEAR, p POINT)`;
export const EXTREMES = `INSERT INTO kinds VALUES
  (1, -128, 255, -32768, 65535, -8388608, 16777215, -2147483648, -9223372036854775808, 18446744073709551615, TRUE,
   -9999999999999999999999999999.9999999999, 12345678901234567890123456789012345.123456789012345678901234567890, 16777215, -1e-300, b'1', b'101010101', b'${'1'.repeat(64)}',
   'a"b', '请尽快', '第一\\n行 😀', '', x'01', x'00ff61', x'', 'paid', 'a,c', '{"z": 1.50, "a": [null, "é"]}',
   '9999-12-31', '-838:59:59', '-00:00:00.000001', '1000-01-01 00:00:00', '9999-12-31 23:59:59.999999', '1970-01-01 00:00:01', '2038-01-19 03:14:07.999', 2155, ST_PointFromText('POINT(1 -2)')),
  (4294967295, 127, 0, 32767, 0, 8388607, 0, 2147483647, 9223372036854775807, 0, FALSE, 0.0000000001, 0, 1.1, 1.7976931348623157e308, b'0', b'0', b'0',
   '', NULL, REPEAT('long ', 6000), NULL, NULL, REPEAT('v', 290), REPEAT('b', 3000), 'new', '', 'null', '2024-02-29', '838:59:59', '12:34:56.789012',
   '2024-02-29 12:00:00', '2024-02-29 12:00:00.5', NULL, NULL, 0, NULL),
  (7${', NULL'.repeat(36)})`;

/** MySQL's own text of every value; bytes in base64, a FLOAT as the DOUBLE that it is, behind `~`. */
export async function rowTexts(source: Connection, database: string, table: string): Promise<TextRow[]> {
  const texts = (await columnsOf(source, database, table)).map(({ name, type, isBytes }) => {
    const column = `\`${name}\``;
    if (isBytes) return `REPLACE(TO_BASE64(${column}), '\\n', '')`;
    if (type === 'bit' || type === 'year') return `CAST(${column} + 0 AS CHAR)`;
    if (type === 'float') return `CONCAT('~', CAST(${column} AS DOUBLE))`;
    return `CAST(${column} AS CHAR)`;
  });
  const [rows] = await source.query<RowDataPacket[]>({
    sql: `SELECT ${texts.join()} FROM \`${database}\`.\`${table}\``,
    rowsAsArray: true,
  });
  return rows as unknown as TextRow[];
}

export interface EngineColumn {
  readonly name: string;
  readonly type: string;
  /** Its text is in base64. */
  readonly isBytes: boolean;
}

/** In order. */
export async function columnsOf(source: Connection, database: string, table: string): Promise<EngineColumn[]> {
  const [columns] = await source.query<RowDataPacket[]>(
    'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position',
    [database, table],
  );
  return columns.map(({ name, type }) => ({
    name: String(name),
    type: String(type),
    isBytes: /binary|blob|point/.test(String(type)),
  }));
}

/** Texts, or numbers that are the same however they are written. */
export function isSameText(a: string | null, b: string | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  if (a.startsWith('~')) return Math.fround(Number(a.slice(1))) === Math.fround(Number(b));
  const isNumber = /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/;
  return isNumber.test(a) && isNumber.test(b) && /[.eE]/.test(a + b) && Number(a) === Number(b);
}
