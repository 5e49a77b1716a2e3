import { quoted } from '../../../src/mysql/quoted.ts';
import type { Random } from './random.ts';
import { keeps, type Kept, type ServerKinds, type TestColumn, type TestTable } from './tables.ts';

/**
 * One statement that changes rows; values are SQL expressions, one a column of the table, undefined for generated ones.
 */
export type Operation =
  | {
      readonly kind: 'insert';
      readonly table: number;
      readonly verb: 'INSERT IGNORE' | 'REPLACE';
      readonly rows: readonly { readonly n: number; readonly values: readonly (string | undefined)[] }[];
    }
  | {
      readonly kind: 'update';
      readonly table: number;
      readonly rows: readonly { readonly n: number }[];
      readonly set: readonly { readonly column: number; readonly value: string }[];
    }
  | { readonly kind: 'delete'; readonly table: number; readonly rows: readonly { readonly n: number }[] };

export interface TestTransaction {
  /** Statements that set the session's variables before it. */
  readonly settings: readonly string[];
  readonly end: 'COMMIT' | 'ROLLBACK';
  readonly operations: readonly Operation[];
}

const MAX_ROWS_A_STATEMENT = 40;
const NULLS = 0.1;

/** Transactions that change about `rows` rows of the tables, in all ways that a row can be changed. */
export function randomTransactions(
  random: Random,
  tables: readonly TestTable[],
  rows: number,
  server: Pick<ServerKinds, 'isModern' | 'isMariadb'>,
): readonly TestTransaction[] {
  const used = tables.map(() => 0);
  const transactions: TestTransaction[] = [];
  for (let made = 0; made < rows;) {
    const operations: Operation[] = [];
    const count = random.chance(0.1) ? random.int(10, 25) : random.int(1, 3);
    const end = random.chance(0.05) ? 'ROLLBACK' : 'COMMIT';
    for (let i = 0; i < count; i += 1) {
      const table = random.int(0, tables.length - 1);
      const operation = randomOperation(random, tables, table, used);
      operations.push(operation);
      if (end === 'COMMIT') made += operation.rows.length;
    }
    transactions.push({ settings: randomSettings(random, server), end, operations });
  }
  return transactions;
}

function randomSettings(
  random: Random,
  { isModern, isMariadb }: Pick<ServerKinds, 'isModern' | 'isMariadb'>,
): readonly string[] {
  const onOff = (): string => (random.chance(0.5) ? 'ON' : 'OFF');
  if (isMariadb) return [`SET SESSION binlog_annotate_row_events = ${onOff()}`];
  return [
    `SET SESSION binlog_row_value_options = '${random.chance(0.7) ? 'PARTIAL_JSON' : ''}'`,
    `SET SESSION binlog_rows_query_log_events = ${onOff()}`,
    ...(isModern ? [`SET SESSION binlog_transaction_compression = ${onOff()}`] : []),
  ];
}

function randomOperation(random: Random, tables: readonly TestTable[], table: number, used: number[]): Operation {
  const { columns } = tables[table] ?? { columns: [] };
  const known = used[table] ?? 0;
  const some = (most: number): { n: number }[] => {
    const first = random.int(0, Math.max(0, known - 1));
    return random.list(random.int(1, most), (i) => ({ n: first + i }));
  };
  const shape = random.int(0, 9);
  if (known === 0 || shape <= 4) {
    // Some rows again, so that they meet what is there: refused, replaced, or in a table without key there twice.
    const isAgain = known > 0 && random.chance(0.2);
    const verb = random.chance(0.3) ? 'REPLACE' : 'INSERT IGNORE';
    const count = random.int(1, columns.length > 50 ? 8 : MAX_ROWS_A_STATEMENT);
    const first = isAgain ? random.int(0, known - 1) : known;
    used[table] = Math.max(known, first + count);
    const rows = random.list(count, (i) => ({
      n: first + i,
      values: columns.map((column) => randomValue(random, column)),
    }));
    return { kind: 'insert', table, verb, rows: random.chance(0.05) ? rows.flatMap((row) => [row, row]) : rows };
  }
  const changeable = columns.flatMap(({ generated }, i) => (generated === undefined ? [i] : []));
  if (shape === 9 || changeable.length === 0) return { kind: 'delete', table, rows: some(12) };
  const chosen = new Set(random.list(random.int(1, Math.min(4, changeable.length)), () => random.pick(changeable)));
  const set = [...chosen].flatMap((i) => {
    const column = columns[i];
    return column === undefined ? [] : [{ column: i, value: changedValue(random, column) }];
  });
  return { kind: 'update', table, rows: some(25), set };
}

function randomValue(random: Random, { kind, isNullable, generated }: TestColumn): string | undefined {
  if (generated !== undefined) return undefined;
  return isNullable && random.chance(NULLS) ? 'NULL' : kind.value(random);
}

function changedValue(random: Random, { name, kind, isNullable }: TestColumn): string {
  if (isNullable && random.chance(NULLS)) return 'NULL';
  return kind.change !== undefined && random.chance(0.7) ? kind.change(random, quoted(name)) : kind.value(random);
}

/** The operation as SQL; undefined when nothing of it is kept. */
export function sqlOf(database: string, table: TestTable, operation: Operation, kept?: Kept): string | undefined {
  const name = `${quoted(database)}.${quoted(table.name)}`;
  switch (operation.kind) {
    case 'insert': {
      const columns = table.columns.flatMap(({ generated }, i) =>
        generated === undefined && keeps(kept, i) ? [i] : [],
      );
      const rows = operation.rows.map(({ n, values }) => `(${[n, ...columns.map((i) => values[i])].join(', ')})`);
      const names = ['n', ...columns.map((i) => quoted(table.columns[i]?.name ?? ''))];
      return `${operation.verb} INTO ${name} (${names.join(', ')}) VALUES ${rows.join(', ')}`;
    }
    case 'update': {
      const set = operation.set.filter(({ column }) => keeps(kept, column));
      if (set.length === 0) return undefined;
      const list = set.map(({ column, value }) => `${quoted(table.columns[column]?.name ?? '')} = ${value}`);
      return `UPDATE IGNORE ${name} SET ${list.join(', ')} WHERE ${where(operation.rows)}`;
    }
    case 'delete':
      return `DELETE FROM ${name} WHERE ${where(operation.rows)}`;
  }
}

const where = (rows: readonly { readonly n: number }[]): string => `n IN (${rows.map(({ n }) => n).join(', ')})`;

const ROWS_A_STATEMENT = 25;

/** Inserts of `rows` random rows, without those that a key refuses. */
export function randomInserts(random: Random, database: string, table: TestTable, rows: number): readonly string[] {
  const statements: string[] = [];
  for (let first = 0; first < rows; first += ROWS_A_STATEMENT) {
    const made = random.list(Math.min(ROWS_A_STATEMENT, rows - first), (i) => ({
      n: first + i,
      values: table.columns.map(({ kind, isNullable, generated }) => {
        if (generated !== undefined) return undefined;
        return isNullable && random.chance(0.1) ? 'NULL' : kind.value(random);
      }),
    }));
    const sql = sqlOf(database, table, { kind: 'insert', table: 0, verb: 'INSERT IGNORE', rows: made });
    if (sql !== undefined) statements.push(sql);
  }
  return statements;
}
