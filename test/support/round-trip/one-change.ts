/** One value of one row of a table, changed behind the back of everyone. */
import type { Connection } from 'mysql2/promise';
import { quoted } from '../../../src/mysql/quoted.ts';
import { hex, type ColumnKind } from './column-kind.ts';
import type { Random } from './random.ts';
import { keeps, type Kept, type TestColumn, type TestTable } from './tables.ts';

export interface OneChange {
  readonly column: string;
  readonly statement: string;
  /** Exact texts. */
  readonly before: string;
  readonly after: string;
}

const ATTEMPTS = 20;

/** Undefined when the table is empty, or whatever was tried changed nothing. */
export async function changeOneValue(
  random: Random,
  copy: Connection,
  copyDatabase: string,
  table: TestTable,
  kept: Kept,
): Promise<OneChange | undefined> {
  const name = `${quoted(copyDatabase)}.${quoted(table.name)}`;
  const ns = (await rowsOf(copy, `SELECT DISTINCT n FROM ${name} ORDER BY n`)).map(([n]) => Number(n));
  // In the copy a generated column is a plain one, for which the test has no values.
  const columns = table.columns.filter(({ generated }, i) => generated === undefined && keeps(kept, i));
  if (ns.length === 0 || columns.length === 0) return undefined;
  for (let i = 0; i < ATTEMPTS; i += 1) {
    const n = random.pick(ns);
    const column = random.pick(columns);
    const exact = `IFNULL(${column.kind.exact(quoted(column.name))}, 'NULL')`;
    // Of rows that are there several times, of one.
    const look = async (): Promise<string> =>
      (await rowsOf(copy, `SELECT ${exact} FROM ${name} WHERE n = ${n} ORDER BY 1`)).join();
    const before = await look();
    const value = await changed(random, copy, column, `${name} WHERE n = ${n} LIMIT 1`);
    const statement = `UPDATE IGNORE ${name} SET ${quoted(column.name)} = ${value} WHERE n = ${n} LIMIT 1`;
    // What the server refuses, as beyond the range of the type, changes nothing.
    await copy.query(statement).catch(() => undefined);
    await copy.query('COMMIT');
    const after = await look();
    if (after !== before) return { column: column.name, statement, before, after };
  }
  return undefined;
}

/** As an expression. */
async function changed(
  random: Random,
  copy: Connection,
  { name, kind, isNullable }: TestColumn,
  row: string,
): Promise<string> {
  const how = random.pick(isNullable ? ['null', 'value', 'small', 'small'] : ['value', 'small']);
  if (how === 'null') return 'NULL';
  if (how === 'value') return kind.value(random);
  if (isBytes(kind)) return flipped(random, copy, name, row);
  return isNumber(kind) ? `${quoted(name)} ${random.pick(['+', '-'])} 1` : kind.value(random);
}

const isNumber = ({ sql }: ColumnKind): boolean =>
  /INT|DECIMAL|FLOAT|DOUBLE|BIT|YEAR|^ENUM|^SET/.test(sql) && !/POINT/.test(sql);

const isBytes = ({ sql }: ColumnKind): boolean => /CHAR|TEXT|BINARY|BLOB|JSON/.test(sql) && !/^(ENUM|SET)/.test(sql);

async function flipped(random: Random, copy: Connection, name: string, row: string): Promise<string> {
  const [[old] = []] = await rowsOf(copy, `SELECT HEX(${quoted(name)}) FROM ${row}`);
  const bytes = Buffer.from(typeof old === 'string' ? old : '', 'hex');
  if (bytes.length === 0) return "'1'";
  const at = random.int(0, bytes.length - 1);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.int(0, 6)), at);
  return hex(bytes);
}

async function rowsOf(connection: Connection, sql: string): Promise<unknown[][]> {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  return rows as unknown as unknown[][];
}
