import type { Connection } from 'mysql2/promise';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { Randomness } from '../../dev/shop.ts';
import { connectMysql } from './servers.ts';

/** So many that few transactions have to wait for a row of an open branch, and in vain: for a second at least. */
const IDS = 3000;
const MAX_OPEN = 5;
const SHORT = 400;
const LONG = 200_000;
const NOT_AVAILABLE = ['ER_LOCK_WAIT_TIMEOUT', 'ER_LOCK_DEADLOCK', 'ER_XA_RBTIMEOUT', 'ER_XA_RBDEADLOCK'];

/**
 * Random changes of `a` and `b` in a schema, some in XA branches of every kind; prepared ones are ended later, by
 * another session.
 */
export class XaLoad {
  readonly counts = { committed: 0, rolledBack: 0, onePhase: 0, plain: 0 };
  readonly #mysql: MysqlAddress;
  readonly #database: string;
  readonly #random: Randomness;
  /** Names of prepared branches. */
  readonly #open: string[] = [];
  #branches = 0;

  constructor(mysql: MysqlAddress, database: string, seed: number) {
    this.#mysql = mysql;
    this.#database = database;
    this.#random = new Randomness(seed);
  }

  get open(): number {
    return this.#open.length;
  }

  /** Rows for the branches to change. */
  async fill(connection: Connection): Promise<void> {
    const rows = Array.from({ length: IDS }, (_, id) => [id, 'first']);
    for (const table of ['a', 'b']) await connection.query(`INSERT INTO ${table} VALUES ?`, [rows]);
  }

  async run(transactions: number): Promise<void> {
    for (let i = 0; i < transactions; i += 1) {
      if (this.#open.length >= MAX_OPEN || (this.#open.length > 1 && this.#random.below(3) === 0)) await this.#endOne();
      if (this.#random.below(2) === 0) await this.#plain();
      else await this.#branch();
    }
  }

  async endAll(): Promise<void> {
    while (this.#open.length > 0) await this.#endOne();
  }

  async #plain(): Promise<void> {
    await this.#session(async (connection) => {
      await connection.query('BEGIN');
      const isChanged = await this.#change(connection);
      await connection.query(isChanged ? 'COMMIT' : 'ROLLBACK');
      this.counts.plain += 1;
    });
  }

  async #branch(): Promise<void> {
    this.#branches += 1;
    // Names are of the whole server.
    const xid = `'${this.#database}','${this.#branches}',${this.#random.below(9)}`;
    await this.#session(async (connection) => {
      await connection.query(`XA START ${xid}`);
      const isChanged = await this.#change(connection);
      await connection.query(`XA END ${xid}`);
      const way = isChanged ? this.#random.below(6) : 0;
      if (way === 0) {
        await connection.query(`XA ROLLBACK ${xid}`);
      } else if (way === 1) {
        await connection.query(`XA COMMIT ${xid} ONE PHASE`);
        this.counts.onePhase += 1;
      } else {
        await connection.query(`XA PREPARE ${xid}`);
        this.#open.push(xid);
      }
    });
  }

  async #endOne(): Promise<void> {
    const [xid] = this.#open.splice(this.#random.below(this.#open.length), 1);
    const isCommit = this.#random.below(3) > 0;
    await this.#session(async (connection) => {
      await retried('ER_XAER_NOTA', () => connection.query(`XA ${isCommit ? 'COMMIT' : 'ROLLBACK'} ${xid}`));
      this.counts[isCommit ? 'committed' : 'rolledBack'] += 1;
    });
  }

  /** False when a branch that is open holds a row that it wanted. */
  async #change(connection: Connection): Promise<boolean> {
    for (let left = 1 + this.#random.below(6); left > 0; left -= 1) {
      const table = this.#random.below(2) === 0 ? 'a' : 'b';
      const id = this.#random.below(IDS);
      const text = 'x'.repeat(this.#random.below(this.#random.below(4) === 0 ? LONG : SHORT));
      const statement = [
        `REPLACE INTO ${table} VALUES (${id}, '${text}')`,
        `INSERT INTO ${table} VALUES (${id}, 'new'), (${id + 1}, '${text}') ON DUPLICATE KEY UPDATE v = CONCAT(v, '.')`,
        `UPDATE ${table} SET v = CONCAT(LEFT(v, 50), '${id}') WHERE id BETWEEN ${id} AND ${id + 3}`,
        `DELETE FROM ${table} WHERE id = ${id}`,
      ][this.#random.below(4)];
      try {
        await connection.query(statement ?? '');
      } catch (error) {
        if (NOT_AVAILABLE.includes(codeOf(error))) return false;
        throw error;
      }
    }
    return true;
  }

  /** A session of its own: before 8.0.29 a prepared branch stays with its session until that ends. */
  async #session(work: (connection: Connection) => Promise<void>): Promise<void> {
    const connection = await connectMysql(this.#mysql, { database: this.#database });
    try {
      await connection.query(
        "SET SESSION innodb_lock_wait_timeout = 1, SESSION transaction_isolation = 'READ-COMMITTED'",
      );
      await work(connection);
    } finally {
      await connection.end();
    }
  }
}

/** The server notices a little later that the session has ended which a branch belongs to. */
async function retried(code: string, task: () => Promise<unknown>): Promise<void> {
  for (let left = 50; ; left -= 1) {
    try {
      await task();
      return;
    } catch (error) {
      if (codeOf(error) !== code || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
