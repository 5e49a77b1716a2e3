import { below, seededRandom, type Random } from './random.ts';
import type { LoadTransaction, Workload } from './workload.ts';

const ROWS_PER_INSERT = 100;

export const ORDERS_TABLE = `CREATE TABLE orders (
  id BIGINT PRIMARY KEY, order_no VARCHAR(32), user_id INT, amount DECIMAL(12,2), status TINYINT,
  created_at DATETIME(3), updated_at DATETIME(3), remark VARCHAR(255))`;

export const bulk: Workload = {
  name: 'A',
  title: '1,000,000 order rows, 100 per INSERT',
  onlyInserts: true,
  tables: [ORDERS_TABLE],
  transactions: (scale, seed) => inserts(10_000 * scale, ROWS_PER_INSERT, seed),
};

export const trickle: Workload = {
  name: 'B',
  title: '200,000 single-row transactions',
  onlyInserts: true,
  tables: [ORDERS_TABLE],
  transactions: (scale, seed) => inserts(200_000 * scale, 1, seed),
};

/** `rows` of one INSERT from `firstId` on. */
export function orderValues(random: Random, firstId: number, rows: number): string {
  return Array.from({ length: rows }, (_, i) => {
    const id = firstId + i;
    const created = time(id);
    const amount = `${below(random, 100_000)}.${String(below(random, 100)).padStart(2, '0')}`;
    return `(${id},'${orderNo(random, id)}',${below(random, 10_000_000)},${amount},${below(random, 5)},${created},${created},'${remark(random)}')`;
  }).join();
}

export const orderNo = (random: Random, id: number): string =>
  `SO20261123${String(id).padStart(10, '0')}${String(below(random, 10_000)).padStart(4, '0')}`;

/** Ten orders a second. */
export function time(id: number): string {
  const at = new Date(Date.UTC(2026, 10, 1) + id * 100 + (id % 97)).toISOString();
  return `'${at.slice(0, 10)} ${at.slice(11, 23)}'`;
}

/** One third Chinese. */
export function remark(random: Random): string {
  const texts = below(random, 3) === 0 ? CHINESE : ENGLISH;
  return Array.from({ length: 1 + below(random, 3) }, () => texts[below(random, texts.length)]).join(' ');
}

function* inserts(transactions: number, rows: number, seed: number): Generator<LoadTransaction> {
  const random = seededRandom(seed);
  for (let n = 0; n < Math.round(transactions); n += 1) {
    yield { statements: [`INSERT INTO orders VALUES ${orderValues(random, n * rows + 1, rows)}`], changes: rows };
  }
}

const CHINESE = ['请尽快发货，谢谢', '工作日送货', '放在门卫处即可', '需要开具增值税专用发票', '生日礼物，请包装好'];
const ENGLISH = [
  'please deliver soon',
  'leave it at the door',
  'call before delivery',
  'gift wrapping, no invoice in the box',
  'ring twice',
];
