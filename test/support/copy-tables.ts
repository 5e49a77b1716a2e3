/** Tables with keys of every kind, and a workload that is aimed at the border of their copy. */
import type { Connection } from 'mysql2/promise';
import { Random } from './round-trip/random.ts';

export interface KeyKind {
  readonly name: string;
  /** Columns of the key, and the key itself. */
  readonly columns: string;
  readonly key: string;
  /** Names of the columns, and their values for the number `n`. */
  readonly names: readonly string[];
  readonly values: (n: number) => readonly string[];
  /** What a message shows of them. */
  readonly texts: readonly string[];
}

const kind = (
  name: string,
  type: string,
  value: (n: number) => string,
  { text = 'k', key = 'PRIMARY KEY (k)' } = {},
): KeyKind => ({
  name,
  columns: `k ${type} NOT NULL`,
  key,
  names: ['k'],
  values: (n) => [value(n)],
  texts: [`${text} AS k`],
});

/** Of both cases, with accents and spaces, so that the order is no order of bytes. */
const word = (n: number): string => `${['a', 'B', 'ä', 'Z', 'é', '_', '-'][n % 7] ?? ''}${n}`;

export const KEY_KINDS: readonly KeyKind[] = [
  kind('INT', 'INT', (n) => String(n - 500)),
  kind('BIGINT UNSIGNED', 'BIGINT UNSIGNED', (n) => `${18446744073709551000n + BigInt(n % 600)}`),
  kind('0900_ai_ci', 'VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci', (n) => `'${word(n)}'`),
  kind('general_ci', 'VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci', (n) => `'${word(n)}'`),
  kind('latin1', 'CHAR(20) CHARACTER SET latin1', (n) => `'${word(n)}'`),
  kind('gbk', 'VARCHAR(40) CHARACTER SET gbk', (n) => `'${['中', '文', 'a', 'A'][n % 4] ?? ''}${n}'`),
  kind('utf8mb4_bin', 'VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', (n) => `'${word(n)}'`),
  kind('VARBINARY', 'VARBINARY(20)', (n) => `UNHEX('${(n * 7919).toString(16).padStart(8, '0')}')`, {
    text: 'TO_BASE64(k)',
  }),
  kind('DECIMAL', 'DECIMAL(20, 5)', (n) => `${n - 300}.${String(n).padStart(5, '0')}`),
  kind('DATETIME', 'DATETIME(6)', (n) => `'2026-01-01 00:00:00' + INTERVAL ${n * 1001} MICROSECOND`),
  kind('TIMESTAMP', 'TIMESTAMP(3)', (n) => `'2026-01-01 00:00:00' + INTERVAL ${n} SECOND`),
  kind('TIME', 'TIME', (n) => `SEC_TO_TIME(${n * 61 - 20000})`),
  kind('DOUBLE', 'DOUBLE', (n) => `${n - 400} / 8e0`),
  kind('FLOAT', 'FLOAT', (n) => `${n - 400} / 4e0`),
  kind('BIT', 'BIT(40)', (n) => String(n * 1_000_003), { text: 'k + 0' }),
  kind('unique', 'INT', (n) => String(n), { key: 'UNIQUE KEY u (k)' }),
  kind('prefix', 'TEXT CHARACTER SET utf8mb4', (n) => `CONCAT('${String(n).padStart(6, '0')}', REPEAT('x', 20))`, {
    key: 'PRIMARY KEY (k(8))',
  }),
  {
    name: 'composite',
    columns: 'b VARCHAR(10) NOT NULL, a SMALLINT NOT NULL, c DATE NOT NULL',
    key: 'PRIMARY KEY (a, b, c)',
    names: ['b', 'a', 'c'],
    values: (n) => [`'${word(n % 10)}'`, String(n % 5), `'2026-01-01' + INTERVAL ${n} DAY`],
    texts: ['b', 'a', 'c'],
  },
  {
    name: 'ENUM',
    columns: "e ENUM('z', 'm', 'a') NOT NULL, s SET('x', 'y', 'w') NOT NULL, n INT NOT NULL",
    key: 'PRIMARY KEY (e, s, n)',
    names: ['e', 's', 'n'],
    values: (n) => [String(1 + (n % 3)), String(n % 8), String(n)],
    texts: ['e', 's', 'n'],
  },
  {
    name: 'none',
    columns: 'k INT NOT NULL',
    key: 'KEY (k)',
    names: ['k'],
    values: (n) => [String(n)],
    texts: ['k'],
  },
];

export const KEYS = 1000;

export const createTable = (table: string, { columns, key }: KeyKind): string =>
  `CREATE TABLE ${table} (${columns}, v INT NOT NULL, w VARCHAR(60), ${key})`;

/** As the message of a row has it: columns in the order of the table. */
export const selectTexts = (table: string, { texts }: KeyKind, more: readonly string[] = []): string =>
  `SELECT ${[...texts, 'v', 'w', ...more].join(', ')} FROM ${table}`;

export const fill = (table: string, { names, values }: KeyKind, rows: number): string => {
  const list = Array.from({ length: rows }, (_, i) => `(${values(i * 2).join(', ')}, ${i}, 'filled')`);
  return `INSERT INTO ${table} (${names.join(', ')}, v, w) VALUES ${list.join(', ')}`;
};

/** Writes to the tables until it is stopped, mostly near keys that `border` names. */
export class CopyWorkload {
  transactions = 0;
  #isStopped = false;
  readonly #clients: Promise<void>[];

  constructor(
    connections: readonly Connection[],
    tables: readonly { readonly table: string; readonly kind: KeyKind }[],
    random: Random,
    border: () => { readonly table: string; readonly n: number } | undefined,
  ) {
    this.#clients = connections.map((connection, i) =>
      this.#client(connection, tables, new Random(`${random.int(0, 1e9)} ${i}`), border),
    );
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  async #client(
    connection: Connection,
    tables: readonly { readonly table: string; readonly kind: KeyKind }[],
    random: Random,
    border: () => { readonly table: string; readonly n: number } | undefined,
  ): Promise<void> {
    while (!this.#isStopped) {
      const at = border();
      const copied = tables.find(({ table }) => table === at?.table);
      // A table without a key is copied when nobody writes to it for a moment: there should be some.
      const hot = random.chance(copied?.kind.name === 'none' ? 0.05 : 0.8) ? copied : undefined;
      const { table, kind } = hot ?? random.pick(tables);
      const n = at?.n ?? random.int(0, KEYS);
      const statements = random.list(random.int(1, 3), () => statement(table, kind, random, n));
      try {
        await connection.query(['BEGIN', ...statements, random.chance(0.9) ? 'COMMIT' : 'ROLLBACK'].join('; '));
        this.transactions += 1;
      } catch (error) {
        await connection.query('ROLLBACK');
        if (!isExpected(error)) throw error;
      }
    }
  }
}

/** Duplicate key, deadlock, lock wait, and what a DDL in the middle makes. */
const isExpected = (error: unknown): boolean =>
  error instanceof Error &&
  'errno' in error &&
  [1062, 1213, 1205, 1412, 1054, 1136, 1292].includes(Number(error.errno));

function statement(table: string, kind: KeyKind, random: Random, border: number): string {
  const near = (): number =>
    random.chance(0.7) ? Math.max(0, Math.min(KEYS - 1, border + random.int(-4, 8))) : random.int(0, KEYS - 1);
  const where = (n: number): string => {
    const values = kind.values(n);
    return kind.names.map((name, i) => `${name} = ${values[i] ?? ''}`).join(' AND ');
  };
  const n = near();
  const v = random.int(0, 1e9);
  switch (random.int(0, 9)) {
    case 0:
    case 1:
      return `INSERT INTO ${table} (${kind.names.join(', ')}, v, w) VALUES (${kind.values(n).join(', ')}, ${v}, 'inserted')`;
    case 2:
      return `DELETE FROM ${table} WHERE ${where(n)} LIMIT 3`;
    case 3:
    case 4: {
      const to = kind.values(near());
      return `UPDATE ${table} SET ${kind.names.map((name, i) => `${name} = ${to[i] ?? ''}`).join(', ')}, v = ${v} WHERE ${where(n)} LIMIT 1`;
    }
    case 5:
      return `UPDATE ${table} SET v = v + 1 WHERE ${where(n)} OR ${where(n + 1)} OR ${where(n + 2)}`;
    default:
      return `UPDATE ${table} SET v = ${v}, w = 'updated' WHERE ${where(n)} LIMIT 1`;
  }
}
