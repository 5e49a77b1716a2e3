import { createConnection } from 'mysql2/promise';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { runLoad, type LoadCounts } from '../../dev/shop.ts';

const CLIENTS = 4;
const VISIT_MS = 20;
const AGAIN_MS = 200;

/** Customers that come back when the server was away, and visits beside them, until `stop`. */
export class ShopLoad {
  readonly counts: LoadCounts = { transactions: 0, rows: 0 };
  /** How many times the server was away. */
  failures = 0;
  readonly #stop = new AbortController();
  readonly #ended: Promise<unknown>;

  /** `visitMs`: from one visit to the next. */
  constructor(
    server: MysqlAddress,
    database: string,
    transactionsPerSecond: number,
    seed: number,
    visitMs: number = VISIT_MS,
  ) {
    const customers = (round: number): Promise<void> =>
      shop(server, database, transactionsPerSecond, 100 * seed + round, this);
    const visitors = (round: number): Promise<void> =>
      visit(server, database, `page-${seed}-${round}`, visitMs, this.signal);
    this.#ended = Promise.all([this.#again(customers), this.#again(visitors)]);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Resolves when the last transaction is committed. */
  async stop(): Promise<LoadCounts> {
    this.#stop.abort();
    await this.#ended;
    return this.counts;
  }

  async #again(work: (round: number) => Promise<void>): Promise<void> {
    for (let round = 0; !this.signal.aborted; round += 1) {
      try {
        await work(round);
      } catch {
        this.failures += 1;
        await pause(AGAIN_MS);
      }
    }
  }
}

async function shop(
  server: MysqlAddress,
  database: string,
  transactionsPerSecond: number,
  seed: number,
  { counts, signal }: Pick<ShopLoad, 'counts' | 'signal'>,
): Promise<void> {
  const round = new AbortController();
  try {
    const either = AbortSignal.any([signal, round.signal]);
    const done = await runLoad(server, { database, clients: CLIENTS, transactionsPerSecond, seed }, either);
    counts.transactions += done.transactions;
    counts.rows += done.rows;
  } finally {
    // One customer's failure ends the round of all.
    round.abort();
  }
}

async function visit(
  { host, port, user, password }: MysqlAddress,
  database: string,
  page: string,
  visitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const connection = await createConnection({ host, port, user, password, database });
  connection.on('error', () => undefined);
  try {
    for (let n = 0; !signal.aborted; n += 1) {
      await connection.query('INSERT INTO visits VALUES (NOW(6), ?)', [`${page}-${n}`]);
      await pause(visitMs);
    }
  } finally {
    connection.destroy();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
