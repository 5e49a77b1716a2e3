/** A small shop and its customers: the tables and the load that demo, tests and benches publish. */
import { createConnection, type Connection } from 'mysql2/promise';
import { mulberry32 } from './mulberry32.ts';
import type { MysqlAddress } from './servers/servers.ts';

export const SHOP_TABLES = ['orders', 'order_items', 'payments'] as const;

const DDL = [
  `CREATE TABLE orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_no VARCHAR(32) NOT NULL,
    user_id INT NOT NULL,
    amount DECIMAL(12,2) NOT NULL,
    status ENUM('new','paid','shipped','cancelled') NOT NULL DEFAULT 'new',
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    attributes JSON NULL,
    remark VARCHAR(255) NULL
  )`,
  `CREATE TABLE order_items (
    order_id BIGINT UNSIGNED NOT NULL,
    line_no SMALLINT UNSIGNED NOT NULL,
    sku CHAR(12) CHARACTER SET ascii NOT NULL,
    quantity INT UNSIGNED NOT NULL,
    price DECIMAL(10,2) NOT NULL,
    weight FLOAT NULL,
    PRIMARY KEY (order_id, line_no)
  )`,
  `CREATE TABLE payments (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    order_id BIGINT UNSIGNED NOT NULL,
    method ENUM('card','transfer','wallet') NOT NULL,
    flags SET('express','gift','invoice') NOT NULL DEFAULT '',
    receipt VARBINARY(16) NULL,
    paid_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
  )`,
];

/** Creates the shop's tables, empty, in `database`. */
export async function createShop(connection: Connection, database: string): Promise<void> {
  await connection.query(`DROP DATABASE IF EXISTS \`${database}\``);
  await connection.query(`CREATE DATABASE \`${database}\` CHARACTER SET utf8mb4`);
  await connection.query(`USE \`${database}\``);
  for (const statement of DDL) await connection.query(statement);
}

/** Puts `orders` orders of the past into the shop that is selected, each with an item. */
export async function fillShop(connection: Connection, orders: number): Promise<void> {
  await connection.query(`SET SESSION cte_max_recursion_depth = ${orders}`);
  await connection.query(
    `INSERT INTO orders (order_no, user_id, amount, status, created_at, updated_at, attributes)
     WITH RECURSIVE past (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM past WHERE n < ${orders})
     SELECT CONCAT('PAST-', n), n MOD 977, n MOD 1000 + 0.99, 1 + n MOD 4, NOW(3) - INTERVAL n MINUTE, NOW(3) - INTERVAL n MINUTE,
       IF(n MOD 3 = 0, JSON_OBJECT('gift', n MOD 2 = 0, 'note', CONCAT('第', n, '单')), NULL) FROM past`,
  );
  await connection.query(
    `INSERT INTO order_items SELECT id, 1, LPAD(id MOD 5000, 12, 'S'), 1 + id MOD 5, id MOD 300 + 0.5, id MOD 7 / 3 FROM orders`,
  );
}

export interface LoadOptions {
  readonly database: string;
  readonly clients: number;
  /** Upper bound for all clients together; undefined: as fast as the server goes. */
  readonly transactionsPerSecond?: number;
  readonly seed?: number;
}

export interface LoadCounts {
  transactions: number;
  rows: number;
}

/** Customers order, pay, get their goods, cancel and are forgotten, until `signal` aborts. Returns what they did. */
export async function runLoad(server: MysqlAddress, options: LoadOptions, signal: AbortSignal): Promise<LoadCounts> {
  const counts: LoadCounts = { transactions: 0, rows: 0 };
  const pace = new Pace(options.transactionsPerSecond);
  const clients = Array.from({ length: options.clients }, async (_, i) => {
    const { host, port, user, password } = server;
    const connection = await createConnection({
      host,
      port,
      user,
      password,
      database: options.database,
      flags: ['-FOUND_ROWS'],
    });
    // A connection that is lost between two transactions shows at the next one.
    connection.on('error', () => undefined);
    try {
      await chooseRowVariant(connection, i);
      const customer = new Customer(connection, new Randomness((options.seed ?? 1) * 1000 + i), i);
      while (!signal.aborted) {
        await pace.next();
        const rows = await customer.act();
        counts.rows += rows;
        counts.transactions += 1;
      }
    } finally {
      await connection.end();
    }
  });
  await Promise.all(clients);
  return counts;
}

/** Clients differ in how the server logs what they do: compressed transactions, differences of JSON values. */
async function chooseRowVariant(connection: Connection, client: number): Promise<void> {
  const settings = [
    ...(client % 2 === 1 ? ['binlog_transaction_compression = ON'] : []),
    ...(client % 4 >= 2 ? ["binlog_row_value_options = 'PARTIAL_JSON'"] : []),
  ];
  for (const setting of settings) {
    // Servers before 8.0.20 do not compress.
    await connection.query(`SET SESSION ${setting}`).catch((error: unknown) => {
      if (!(error instanceof Error) || !('errno' in error) || error.errno !== UNKNOWN_VARIABLE) throw error;
    });
  }
}

const UNKNOWN_VARIABLE = 1193;

class Customer {
  readonly #connection: Connection;
  readonly #random: Randomness;
  readonly #client: number;
  /** Its orders that were not yet deleted. */
  readonly #orders: number[] = [];
  #payments = 0;

  constructor(connection: Connection, random: Randomness, client: number) {
    this.#connection = connection;
    this.#random = random;
    this.#client = client;
  }

  /** One transaction; resolves to the number of rows that it changed. */
  async act(): Promise<number> {
    const order = this.#orders[this.#random.below(this.#orders.length)];
    const choice = this.#random.below(100);
    if (order === undefined || choice < 40) return this.#place();
    if (choice < 60) return this.#pay(order);
    if (choice < 75) return this.#update('UPDATE orders SET status = ? WHERE id = ?', ['shipped', order]);
    if (choice < 83)
      return this.#update("UPDATE orders SET status = 'cancelled', remark = ? WHERE id = ?", ['不要了 ❌', order]);
    if (choice < 86) {
      return this.#update("UPDATE orders SET attributes = JSON_SET(attributes, '$.score', ?) WHERE id = ?", [
        choice,
        order,
      ]);
    }
    if (choice < 90) return this.#update('UPDATE order_items SET quantity = quantity + 1 WHERE order_id = ?', [order]);
    if (choice < 93)
      return this.#update('UPDATE payments SET id = CONCAT(id, ?) WHERE order_id = ? LIMIT 1', ['x', order]);
    return this.#delete(order);
  }

  async #place(): Promise<number> {
    const items = 1 + this.#random.below(3);
    await this.#connection.beginTransaction();
    const [result] = await this.#connection.execute(
      'INSERT INTO orders (order_no, user_id, amount, attributes, remark) VALUES (?, ?, ?, ?, ?)',
      [
        `C${this.#client}-${this.#orders.length}-${this.#random.below(1e9)}`,
        this.#random.below(100_000),
        (this.#random.below(1_000_000) / 100).toFixed(2),
        JSON.stringify({ channel: ['web', 'app', '门店'][this.#random.below(3)], score: this.#random.below(1000) / 8 }),
        [null, 'say "please"\t', '请尽快发货 🚚'][this.#random.below(3)] ?? null,
      ],
    );
    const id = 'insertId' in result ? result.insertId : 0;
    for (let line = 1; line <= items; line += 1) {
      await this.#connection.execute('INSERT INTO order_items VALUES (?, ?, ?, ?, ?, ?)', [
        id,
        line,
        `SKU-${this.#random.below(10_000)}`,
        1 + this.#random.below(9),
        (this.#random.below(100_000) / 100).toFixed(2),
        this.#random.below(1000) / 7,
      ]);
    }
    await this.#connection.commit();
    this.#orders.push(id);
    return 1 + items;
  }

  async #pay(order: number): Promise<number> {
    this.#payments += 1;
    await this.#connection.beginTransaction();
    await this.#connection.execute(
      'INSERT INTO payments (id, order_id, method, flags, receipt) VALUES (?, ?, ?, ?, ?)',
      [
        `Pay-${this.#client}-${this.#payments}-${this.#random.below(1e9)}`,
        order,
        1 + this.#random.below(3),
        this.#random.below(8),
        Buffer.from([0, this.#random.below(256), this.#random.below(256)]),
      ],
    );
    const rows = await this.#affected("UPDATE orders SET status = 'paid' WHERE id = ?", [order]);
    await this.#connection.commit();
    return 1 + rows;
  }

  #update(sql: string, values: (string | number)[]): Promise<number> {
    return this.#affected(sql, values);
  }

  async #delete(order: number): Promise<number> {
    await this.#connection.beginTransaction();
    const items = await this.#affected('DELETE FROM order_items WHERE order_id = ?', [order]);
    const orders = await this.#affected('DELETE FROM orders WHERE id = ?', [order]);
    await this.#connection.commit();
    this.#orders.splice(this.#orders.indexOf(order), 1);
    return items + orders;
  }

  async #affected(sql: string, values: (string | number)[]): Promise<number> {
    const [result] = await this.#connection.execute(sql, values);
    return 'affectedRows' in result ? result.affectedRows : 0;
  }
}

/** Spreads the transactions of all clients evenly over time. */
class Pace {
  readonly #intervalMs: number;
  #nextMs = performance.now();

  constructor(transactionsPerSecond: number | undefined) {
    this.#intervalMs = transactionsPerSecond === undefined ? 0 : 1000 / transactionsPerSecond;
  }

  async next(): Promise<void> {
    if (this.#intervalMs === 0) return;
    this.#nextMs = Math.max(this.#nextMs, performance.now() - 1000) + this.#intervalMs;
    const waitMs = this.#nextMs - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** The same seed gives the same shop. */
export class Randomness {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = mulberry32(seed);
  }

  /** An integer from 0 to `limit` - 1; 0 when there is none. */
  below(limit: number): number {
    const number = this.#next();
    return limit <= 0 ? 0 : number % limit;
  }
}
