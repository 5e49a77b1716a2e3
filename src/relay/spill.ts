/** A file for bytes that memory has no room for. Nothing of it remains when it is closed, nor when the process ends in any way. */
export interface SpillFile {
  /** Synchronous, as rows are. Throws XA_SPILL. */
  append(bytes: Uint8Array): void;
  /** The bytes from `offset` on, at most `sizeBytes`: less at the end of the file. Throws XA_SPILL. */
  read(offset: number, sizeBytes: number): Buffer;
  close(): void;
}

/** Makes an empty one. Throws XA_SPILL. */
export type CreateSpillFile = () => SpillFile;
