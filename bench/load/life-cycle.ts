import { ORDERS_TABLE, orderValues, time } from './orders.ts';
import { below, seededRandom, type Random } from './random.ts';
import type { LoadTransaction, Workload } from './workload.ts';

const ORDERS = 100_000;
/** An order's later steps come this many orders after it, so that the lives of some thousand orders are interleaved. */
const PAID_AFTER = 500;
const SHIPPED_AFTER = 2000;
const CANCELLED_AFTER = 3000;
/** One of so many orders is never paid, and deleted with its items. */
const ABANDONED = 25;
/** One of so many is paid by card: a row in payments. */
const BY_CARD = 10;
/** One of so many comes back: a row in refunds. */
const REFUNDED = 50;

/** Insert of an order and its two items, payment, shipping, and the end of the abandoned ones. */
export const lifeCycle: Workload = {
  name: 'C',
  title: '100,000 orders from insert to shipping, in 4 tables',
  onlyInserts: false,
  tables: [
    ORDERS_TABLE,
    `CREATE TABLE order_items (
      order_id BIGINT, line_no INT, sku VARCHAR(32), quantity INT, price DECIMAL(12,2), PRIMARY KEY (order_id, line_no))`,
    'CREATE TABLE payments (id BIGINT PRIMARY KEY, order_id BIGINT, amount DECIMAL(12,2), paid_at DATETIME(3))',
    'CREATE TABLE refunds (id BIGINT PRIMARY KEY, order_id BIGINT, amount DECIMAL(12,2), reason VARCHAR(255))',
  ],
  transactions,
};

function* transactions(scale: number, seed: number): Generator<LoadTransaction> {
  const random = seededRandom(seed);
  const orders = Math.round(ORDERS * scale);
  const exists = (id: number): boolean => id >= 1 && id <= orders;
  for (let id = 1; id <= orders + CANCELLED_AFTER; id += 1) {
    if (exists(id)) yield placed(random, id);
    if (exists(id - PAID_AFTER)) yield* paid(random, id - PAID_AFTER);
    if (exists(id - SHIPPED_AFTER)) yield* shipped(random, id - SHIPPED_AFTER);
    if (exists(id - CANCELLED_AFTER)) yield* cancelled(id - CANCELLED_AFTER);
  }
}

const isAbandoned = (id: number): boolean => id % ABANDONED === 0;

function placed(random: Random, id: number): LoadTransaction {
  const item = (line: number): string =>
    `(${id},${line},'SKU-${below(random, 50_000)}',${1 + below(random, 9)},${below(random, 1000)}.95)`;
  return {
    statements: [
      `INSERT INTO orders VALUES ${orderValues(random, id, 1)}`,
      `INSERT INTO order_items VALUES ${item(1)},${item(2)}`,
    ],
    changes: 3,
  };
}

function* paid(random: Random, id: number): Generator<LoadTransaction> {
  if (isAbandoned(id)) return;
  const update = `UPDATE orders SET status = 10, updated_at = ${time(id + PAID_AFTER)} WHERE id = ${id}`;
  if (id % BY_CARD !== 0) {
    yield { statements: [update], changes: 1 };
    return;
  }
  const payment = `INSERT INTO payments VALUES (${id},${id},${below(random, 100_000)}.50,${time(id + PAID_AFTER)})`;
  yield { statements: [update, payment], changes: 2 };
}

function* shipped(random: Random, id: number): Generator<LoadTransaction> {
  if (isAbandoned(id)) return;
  const update = `UPDATE orders SET status = 20, updated_at = ${time(id + SHIPPED_AFTER)}, remark = 'shipped ${id}' WHERE id = ${id}`;
  if (id % REFUNDED !== 1) {
    yield { statements: [update], changes: 1 };
    return;
  }
  const refund = `INSERT INTO refunds VALUES (${id},${id},${below(random, 1000)}.00,'质量问题')`;
  yield { statements: [update, refund], changes: 2 };
}

function* cancelled(id: number): Generator<LoadTransaction> {
  if (!isAbandoned(id)) return;
  yield {
    statements: [`DELETE FROM order_items WHERE order_id = ${id}`, `DELETE FROM orders WHERE id = ${id}`],
    changes: 3,
  };
}
