/**
 * A file for bytes that memory has no room for. Nothing of it remains when it is closed, nor when the process ends in
 * any way.
 */
export interface SpillFile {
  /** Synchronous, as rows are. Throws SPILL_FAILED. */
  append(bytes: Uint8Array): void;
  /** The bytes from `offset` on, at most `sizeBytes`: less at the end of the file. Throws SPILL_FAILED. */
  read(offset: number, sizeBytes: number): Buffer;
  /** What was appended after the first `sizeBytes` is forgotten. */
  truncate(sizeBytes: number): void;
  close(): void;
}

/** Makes an empty one. Throws SPILL_FAILED. */
export type CreateSpillFile = () => SpillFile;
