import type { Sink } from '../../../src/sink/sink.ts';
import type { TestTable } from './tables.ts';

/** A sink that keeps the copy. */
export interface ReadingSink extends Sink {
  readonly changes: number;
  readonly bodies: readonly string[];
  /** Why a message could not be applied. */
  readonly failure: string | undefined;
  /** Everything was sent. */
  finish(tables: readonly TestTable[]): Promise<void>;
  /** Releases what it has, however the round ended. */
  end(): Promise<void>;
}
