import type { Clock } from '../../base/clock.ts';
import type { TableCopy } from '../../checkpoint/checkpoint.ts';
import type { CopyProgress } from '../relay.ts';

/** How far the copy of one table is, and how fast it goes, for those who look at it. */
export class TableProgress {
  readonly #copy: string;
  readonly #table: TableCopy;
  readonly #estimatedRows: number;
  readonly #sinceMs: number;
  #read = 0;
  #rows: number;

  constructor(copy: string, table: TableCopy, estimatedRows: number, clock: Clock) {
    this.#copy = copy;
    this.#table = table;
    this.#estimatedRows = estimatedRows;
    this.#sinceMs = clock.monotonic();
    this.#rows = table.rows;
  }

  /** `read`: more rows were read. `rows`: all that are published by now. */
  copied(read: number, rows: number): void {
    this.#read += read;
    this.#rows = rows;
  }

  progress(clock: Clock, waitsFor: string | undefined): CopyProgress {
    const seconds = (clock.monotonic() - this.#sinceMs) / 1000;
    const rowsPerSecond = seconds > 0 ? this.#read / seconds : 0;
    const left = Math.max(0, this.#estimatedRows - this.#rows);
    return {
      copy: this.#copy,
      table: `${this.#table.database}.${this.#table.table}`,
      rows: this.#rows,
      estimatedRows: this.#estimatedRows,
      rowsPerSecond: Math.round(rowsPerSecond),
      expectedEndMs: rowsPerSecond > 0 ? Math.round(clock.now() + (left / rowsPerSecond) * 1000) : undefined,
      waitsFor,
    };
  }
}
