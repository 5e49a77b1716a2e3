/** Customers of the shop, and what they do not do: large rows, large transactions, ROLLBACK, statements. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { Randomness, SHOP_TABLES } from '../../dev/shop.ts';
import { ShopLoad } from '../support/shop-load.ts';

/** Tables with a key. */
export const KEYED_TABLES = [...SHOP_TABLES, 'documents'] as const;

/** Of both databases, beside the shop's. */
export const MORE_TABLES = [
  'CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL)',
  'CREATE TABLE documents (id INT NOT NULL PRIMARY KEY, title VARCHAR(64) NOT NULL, content MEDIUMTEXT NULL, scan BLOB NULL)',
  'CREATE TABLE notes (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(64) NOT NULL)',
] as const;

const DOCUMENTS = 40;
const LARGE_BYTES = 100_000;
const BULK_ROWS = 400;
/** Of visits, and of everything that customers of the shop do not do, beside so many transactions of customers. */
const OTHERS_A_TRANSACTION = { visits: 0.5, more: 0.15 };
const AGAIN_MS = 200;

export interface Done {
  readonly transactions: number;
  readonly rolledBack: number;
}

export class Workload {
  readonly #shop: ShopLoad;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #server: MysqlAddress;
  readonly #database: string;
  readonly #random: Randomness;
  readonly #pauseMs: number;
  #transactions = 0;
  #rolledBack = 0;

  /** `isAltering`: statements that change a table come too. */
  constructor(
    server: MysqlAddress,
    database: string,
    transactionsPerSecond: number,
    seed: number,
    isAltering: boolean,
  ) {
    this.#server = server;
    this.#database = database;
    this.#random = new Randomness(seed);
    this.#pauseMs = 1000 / (transactionsPerSecond * OTHERS_A_TRANSACTION.more);
    const visitMs = 1000 / (transactionsPerSecond * OTHERS_A_TRANSACTION.visits);
    this.#shop = new ShopLoad(server, database, transactionsPerSecond, seed, visitMs);
    this.#ended = this.#work(isAltering);
  }

  /** Resolves when the last transaction is committed. */
  async stop(): Promise<Done> {
    this.#stop.abort();
    const [{ transactions }] = await Promise.all([this.#shop.stop(), this.#ended]);
    return { transactions: transactions + this.#transactions, rolledBack: this.#rolledBack };
  }

  async #work(isAltering: boolean): Promise<void> {
    let hasAltered = !isAltering;
    while (!this.#isOver()) {
      try {
        const { host, port, user, password } = this.#server;
        const connection = await createConnection({ host, port, user, password, database: this.#database });
        connection.on('error', () => undefined);
        try {
          for (let n = 0; !this.#isOver(); n += 1) {
            if (!hasAltered && n > 50) {
              hasAltered = true;
              await connection.query(`ALTER TABLE notes ADD COLUMN c${this.#random.below(1e9)} INT NULL`);
            }
            await this.#act(connection);
            await sleep(this.#pauseMs);
          }
        } finally {
          connection.destroy();
        }
      } catch {
        await sleep(AGAIN_MS);
      }
    }
  }

  #isOver(): boolean {
    return this.#stop.signal.aborted;
  }

  async #act(connection: Connection): Promise<void> {
    const random = this.#random;
    const choice = random.below(100);
    const id = random.below(DOCUMENTS);
    if (choice < 40) {
      await connection.query('INSERT INTO notes (text) VALUES (?)', [`note ${random.below(1e6)}`]);
    } else if (choice < 60) {
      await connection.query('REPLACE INTO documents VALUES (?, ?, REPEAT(?, ?), ?)', [
        id,
        `document ${random.below(1e6)}`,
        String.fromCharCode(97 + random.below(26)),
        random.below(choice < 45 ? LARGE_BYTES : 2000),
        Buffer.from([0, random.below(256), 255]),
      ]);
    } else if (choice < 75) {
      // To a key that is there or not, forth and back.
      await connection.query('UPDATE IGNORE documents SET id = ? WHERE id = ?', [random.below(DOCUMENTS), id]);
    } else if (choice < 85) {
      await connection.query('DELETE FROM documents WHERE id = ?', [id]);
    } else if (choice < 98) {
      await this.#rollBack(connection);
      return;
    } else {
      await this.#bulk(connection);
    }
    this.#transactions += 1;
  }

  async #rollBack(connection: Connection): Promise<void> {
    await connection.beginTransaction();
    await connection.query("INSERT INTO notes (text) VALUES ('never')");
    await connection.query("UPDATE documents SET title = 'never'");
    await connection.rollback();
    this.#rolledBack += 1;
  }

  /** Many rows in one transaction, of a size that the relay keeps on disk until it has read the end. */
  async #bulk(connection: Connection): Promise<void> {
    await connection.query(
      `INSERT INTO orders (order_no, user_id, amount, attributes)
       WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < ${BULK_ROWS})
       SELECT CONCAT('bulk-', ?, '-', n), n, n, JSON_OBJECT('note', REPEAT('x', 2000)) FROM many`,
      [this.#random.below(1e9)],
    );
  }
}
