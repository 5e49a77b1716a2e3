/** What grows: columns, tables, one transaction, the backlog. */
import { ORDERS_TABLE, orderValues, remark } from './orders.ts';
import { below, seededRandom, type Random } from './random.ts';
import type { LoadTransaction, Workload } from './workload.ts';

/**
 * Values in all loads of different columns, so that their costs compare: enough that V8 has compiled what the widest
 * needs early on.
 */
const VALUES = 20_000_000;
const ROWS_PER_INSERT = 20;
const COLUMN_TYPES = ['VARCHAR(32)', 'INT', 'DECIMAL(12,2)', 'TINYINT', 'BIGINT'];
const MULTI_TABLE_ROWS = 200_000;
const HUGE_ROWS = 2_000_000;
/** INSERT … SELECT of the same table doubles it: so many rows are written as text first. */
const SEED_ROWS = 1000;
/** Of `backlog`; a row of 1 KB in the binlog each, nearly. */
const BACKLOG_ROWS = 10_000_000;
const BACKLOG_ROWS_PER_INSERT = 500;

export const columnLoads: readonly Workload[] = [10, 100, 1000].map((columns) => ({
  name: `columns-${columns}`,
  title: `${VALUES / columns} rows of ${columns} columns`,
  onlyInserts: false,
  columns,
  // Nothing is stored: a row of InnoDB holds no more than 8 KB.
  tables: [`CREATE TABLE wide (id BIGINT PRIMARY KEY, ${columnDefinitions(columns - 1)}) ENGINE=BLACKHOLE`],
  transactions: (scale, seed) => wideRows(columns, Math.round((VALUES / columns) * scale), seed),
}));

export const tableLoads: readonly Workload[] = [1, 100, 5000].map((tables) => ({
  name: `tables-${tables}`,
  title: `${MULTI_TABLE_ROWS} single-row transactions in ${tables} tables`,
  onlyInserts: false,
  tables: Array.from({ length: tables }, (_, i) => ORDERS_TABLE.replace('orders', `orders_${i}`)),
  transactions: (scale, seed) => inTurn(tables, Math.round(MULTI_TABLE_ROWS * scale), seed),
}));

const huge: Workload = {
  name: 'huge',
  title: 'one transaction of 2,000,000 rows',
  onlyInserts: true,
  tables: [ORDERS_TABLE],
  transactions: (scale, seed) => oneTransaction(Math.round(HUGE_ROWS * scale), seed),
};

const backlog: Workload = {
  name: 'backlog',
  title: '10 GB of binlog: 10,000,000 rows of 1 KB',
  onlyInserts: true,
  tables: ['CREATE TABLE notes (id BIGINT PRIMARY KEY, created_at DATETIME(3), note VARCHAR(4000)) ENGINE=BLACKHOLE'],
  transactions: (scale, seed) => notes(Math.round(BACKLOG_ROWS * scale), seed),
};

export const memoryLoads: readonly Workload[] = [huge, backlog];
export const SCALE_WORKLOADS: readonly Workload[] = [...columnLoads, ...tableLoads, ...memoryLoads];

function columnDefinitions(count: number): string {
  return Array.from({ length: count }, (_, i) => `c${i} ${COLUMN_TYPES[i % COLUMN_TYPES.length] ?? ''}`).join();
}

function columnValue(random: Random, column: number): string {
  const number = below(random, 100);
  return column % COLUMN_TYPES.length === 0 ? `'value ${number}'` : String(number);
}

function* wideRows(columns: number, rows: number, seed: number): Generator<LoadTransaction> {
  const random = seededRandom(seed);
  const row = (id: number): string =>
    `(${id},${Array.from({ length: columns - 1 }, (_, i) => columnValue(random, i)).join()})`;
  for (let id = 1; id <= rows; id += ROWS_PER_INSERT) {
    const count = Math.min(ROWS_PER_INSERT, rows - id + 1);
    const values = Array.from({ length: count }, (_, i) => row(id + i)).join();
    yield { statements: [`INSERT INTO wide VALUES ${values}`], changes: count };
  }
}

function* inTurn(tables: number, rows: number, seed: number): Generator<LoadTransaction> {
  const random = seededRandom(seed);
  for (let id = 1; id <= rows; id += 1)
    yield { statements: [`INSERT INTO orders_${id % tables} VALUES ${orderValues(random, id, 1)}`], changes: 1 };
}

function* oneTransaction(rows: number, seed: number): Generator<LoadTransaction> {
  const seeds = Math.min(SEED_ROWS, rows);
  const statements = [`INSERT INTO orders VALUES ${orderValues(seededRandom(seed), 1, seeds)}`];
  for (let have = seeds; have < rows; have *= 2) {
    const columns = 'order_no, user_id, amount, status, created_at, updated_at, remark';
    statements.push(
      `INSERT INTO orders SELECT id + ${have}, ${columns} FROM orders WHERE id <= ${Math.min(have, rows - have)} ORDER BY id`,
    );
  }
  yield { statements, changes: rows };
}

function* notes(rows: number, seed: number): Generator<LoadTransaction> {
  const random = seededRandom(seed);
  const note = Array.from({ length: 20 }, () => remark(random)).join('; ');
  for (let id = 1; id <= rows; id += BACKLOG_ROWS_PER_INSERT) {
    const count = Math.min(BACKLOG_ROWS_PER_INSERT, rows - id + 1);
    const values = Array.from({ length: count }, (_, i) => `(${id + i},NOW(3),'${note}')`).join();
    yield { statements: [`INSERT INTO notes VALUES ${values}`], changes: count };
  }
}
