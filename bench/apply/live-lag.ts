import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { MysqlAddress } from '../../dev/servers/servers.ts';

/**
 * Sees each row of a table, whose key is a number that grows by one, as soon as it can be read in the target: by asking
 * again and again, over a connection of its own.
 */
export class RowWatch {
  readonly #target: MysqlAddress;
  readonly #table: string;
  /** By key: when it was committed in the source, and first seen in the target; performance.now(). */
  readonly #committed = new Map<number, number>();
  readonly #seen = new Map<number, number>();
  #isEnding = false;
  #asking: Promise<void> = Promise.resolve();

  constructor(target: MysqlAddress, table: string) {
    this.#target = target;
    this.#table = table;
  }

  start(): void {
    this.#asking = this.#ask();
    // Awaited in `end`.
    this.#asking.catch(() => undefined);
  }

  committed(id: number, atMs: number): void {
    this.#committed.set(id, atMs);
  }

  /** Waits until all rows are seen, and gives for each that was committed from `fromMs` on how many ms it took. */
  async end(rows: number, timeoutMs: number): Promise<readonly number[]> {
    const deadline = performance.now() + timeoutMs;
    while (this.#seen.size < rows) {
      if (performance.now() > deadline) throw new Error(`${this.#seen.size} of ${rows} rows came`);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), this.#failed()]);
    }
    this.#isEnding = true;
    await this.#asking;
    return [...this.#committed].map(([id, atMs]) => (this.#seen.get(id) ?? Infinity) - atMs);
  }

  /** Only when the asking fails. */
  #failed(): Promise<void> {
    return this.#asking.then(() => new Promise(() => undefined));
  }

  async #ask(): Promise<void> {
    const { host, port, user, password } = this.#target;
    const connection = await createConnection({ host, port, user, password });
    // Lanes overtake one another: asked for is what comes after the last key before which none is missing.
    let floor = 0;
    while (!this.#isEnding) {
      const [rows] = await connection.query<RowDataPacket[]>(`SELECT id FROM ${this.#table} WHERE id > ${floor}`);
      const nowMs = performance.now();
      for (const { id } of rows) if (!this.#seen.has(Number(id))) this.#seen.set(Number(id), nowMs);
      while (this.#seen.has(floor + 1)) floor += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await connection.end();
  }
}
