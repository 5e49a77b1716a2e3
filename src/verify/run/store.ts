import { RelayError } from '../../base/errors.ts';
import { quotedTable } from '../../mysql/quoted.ts';
import { textLiteral } from '../../mysql/text-literal.ts';
import type { Asked, Row, TableResult } from '../verify.ts';
import { BEGINNING, type TablePlace } from '../pass/table-place.ts';

/** One pass over all tables. */
export interface Pass {
  /** When it began, ms since 1970; no two have the same. */
  readonly startedMs: number;
  /** Which tables it is of, and how they are compared. */
  readonly of: string;
}

interface TableName {
  readonly database: string;
  readonly table: string;
}

/**
 * How far the comparison is, in a table beside the ledger of apply, so that a pass that is cut off goes on. The row
 * without names is the pass itself; the others are what is known of each table.
 */
export class Store {
  readonly #database: string;
  readonly #topic: string;

  /** `topic`: with its namespace. */
  constructor(database: string, topic: string) {
    this.#database = database;
    this.#topic = topic;
  }

  /** Throws VERIFY_NO_PROGRESS where apply has not made its ledger yet. */
  async prepare(target: Asked): Promise<void> {
    const found = await target.query(
      `SELECT 1 AS found FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${textLiteral(this.#database)}`,
    );
    if (found.length === 0)
      throw new RelayError('VERIFY_NO_PROGRESS', `the target has no ledger ${this.#database}: apply has not run yet`);
    await target.query(
      `CREATE TABLE IF NOT EXISTS ${this.#sql} (topic VARBINARY(255) NOT NULL, database_name VARBINARY(256) NOT NULL, ` +
        'table_name VARBINARY(256) NOT NULL, pass BIGINT NOT NULL, pass_of LONGBLOB NULL, place LONGBLOB NULL, row_count BIGINT NOT NULL, ' +
        'differences BIGINT NOT NULL, started_at DATETIME(6) NOT NULL, verified_at DATETIME(6) NULL, result LONGBLOB NULL, ' +
        'PRIMARY KEY (topic, database_name, table_name)) ENGINE = InnoDB',
    );
  }

  /** The one that has not ended; undefined when there is none. */
  async pass(target: Asked): Promise<Pass | undefined> {
    const row = await this.#row(target, NO_TABLE);
    if (row?.['verified_at'] !== null) return undefined;
    return { startedMs: Number(row['pass']), of: row['pass_of'] ?? '' };
  }

  async begin(target: Asked, { startedMs, of }: Pass): Promise<void> {
    await this.#replace(target, NO_TABLE, startedMs, { pass_of: textLiteral(of) });
  }

  async end(target: Asked, { startedMs, of }: Pass): Promise<void> {
    await this.#replace(target, NO_TABLE, startedMs, { pass_of: textLiteral(of), verified_at: 'UTC_TIMESTAMP(6)' });
  }

  /** What the pass has found of the table; undefined while it is not through. */
  async result(target: Asked, { startedMs }: Pass, name: TableName): Promise<TableResult | undefined> {
    const row = await this.#row(target, name);
    if (row === undefined || Number(row['pass']) !== startedMs || row['verified_at'] === null) return undefined;
    // An older version has kept no rows that are undecided.
    const kept = JSON.parse(row['result'] ?? '') as Omit<TableResult, 'undecidedRows'> & Partial<TableResult>;
    return { ...kept, undecidedRows: kept.undecidedRows ?? [] };
  }

  /** Where the pass is in the table, which is found by these columns. */
  async place(target: Asked, { startedMs }: Pass, name: TableName, key: readonly string[]): Promise<TablePlace> {
    const row = await this.#row(target, name);
    if (row === undefined || Number(row['pass']) !== startedMs || row['place'] === null) return BEGINNING;
    const stored = JSON.parse(row['place'] ?? '') as StoredPlace;
    const { after, rows, differences } = stored;
    return stored.key.join() === key.join() ? { after, rows, differences } : BEGINNING;
  }

  async keepPlace(
    target: Asked,
    pass: Pass,
    name: TableName,
    key: readonly string[],
    place: TablePlace,
  ): Promise<void> {
    const stored: StoredPlace = { key, ...place };
    await this.#replace(target, name, pass.startedMs, {
      place: textLiteral(JSON.stringify(stored)),
      row_count: String(place.rows),
      differences: String(place.differences.length),
    });
  }

  async keepResult(target: Asked, pass: Pass, result: TableResult): Promise<void> {
    await this.#replace(target, result, pass.startedMs, {
      result: textLiteral(JSON.stringify(result)),
      row_count: String(result.rows),
      differences: String(result.different),
      verified_at: 'UTC_TIMESTAMP(6)',
    });
  }

  async #replace(
    target: Asked,
    name: TableName,
    pass: number,
    values: Readonly<Record<string, string>>,
  ): Promise<void> {
    const all = {
      pass: String(pass),
      row_count: '0',
      differences: '0',
      place: 'NULL',
      result: 'NULL',
      verified_at: 'NULL',
      ...values,
    };
    const names = Object.keys(all);
    await target.query(
      `INSERT INTO ${this.#sql} (topic, database_name, table_name, started_at, ${names.join(', ')}) VALUES (${textLiteral(this.#topic)}, ` +
        `${textLiteral(name.database)}, ${textLiteral(name.table)}, UTC_TIMESTAMP(6), ${Object.values(all).join(', ')}) ON DUPLICATE KEY UPDATE ` +
        `started_at = IF(pass = VALUES(pass), started_at, VALUES(started_at)), ${names.map((column) => `${column} = VALUES(${column})`).join(', ')}`,
    );
  }

  async #row(target: Asked, { database, table }: TableName): Promise<Row | undefined> {
    const [row] = await target.query(
      `SELECT pass, CONVERT(pass_of USING utf8mb4) AS pass_of, CONVERT(place USING utf8mb4) AS place, verified_at, ` +
        `CONVERT(result USING utf8mb4) AS result FROM ${this.#sql} WHERE topic = ${textLiteral(this.#topic)} AND ` +
        `database_name = ${textLiteral(database)} AND table_name = ${textLiteral(table)}`,
    );
    return row;
  }

  get #sql(): string {
    return quotedTable(this.#database, 'verify_table');
  }
}

interface StoredPlace extends TablePlace {
  readonly key: readonly string[];
}

const NO_TABLE: TableName = { database: '', table: '' };
