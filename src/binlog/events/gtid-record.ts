import type { GtidSource } from '../gtids/gtid-source.ts';

/**
 * One record for all transactions of a stream: written over by each, so that a transaction allocates next to nothing.
 */
export interface GtidRecord extends GtidSource {
  /** 0n for an anonymous transaction. */
  gno: bigint;
  /**
   * Commit on the server that first executed it, in ms since 1970 with the microseconds as fraction; its `timestamp`
   * when none is logged, or none is known.
   */
  originalCommitMs: number;
  /** Commit on the server that wrote this binlog, likewise. */
  immediateCommitMs: number;
}

export function newGtidRecord(): GtidRecord {
  return { source: '', gno: 0n, originalCommitMs: 0, immediateCommitMs: 0, uuid: Buffer.alloc(16), tag: '' };
}
