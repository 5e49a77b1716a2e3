/**
 * Tables as readers of other makers have them: what MySQL holds, in texts that their values can be compared with.
 */
import type { Connection, RowDataPacket } from 'mysql2/promise';

/** The text of every value of a row. */
export type TextRow = readonly (string | null)[];

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
    isBytes: /binary|blob|point|vector/.test(String(type)),
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
