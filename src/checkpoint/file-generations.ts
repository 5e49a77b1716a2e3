/** The two files of a checkpoint folder, read without changing anything. */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from './checkpoint.ts';
import { folderError, fsCode } from './file-errors.ts';
import { parseCheckpoint } from './file-format.ts';

/** What is needed of node:fs/promises; a test gives one that fails where it wants. */
export interface CheckpointFs {
  open(path: string, flags: string, mode?: number): Promise<CheckpointFile>;
  readFile(path: string): Promise<Buffer>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  stat(path: string): Promise<{ readonly mtimeMs: number }>;
  utimes(path: string, accessed: Date, modified: Date): Promise<void>;
}

export type CheckpointFile = Pick<FileHandle, 'writeFile' | 'sync' | 'close'>;

export interface CheckpointPaths {
  readonly folder: string;
  readonly current: string;
  readonly previous: string;
  /** Written first, then renamed: never read. One that a crash left is overwritten by the next save. */
  readonly temporary: string;
}

/** One file as found. */
export type Generation = { readonly path: string } & (
  | { readonly state: 'absent' }
  | { readonly state: 'sound'; readonly checkpoint: Checkpoint }
  | { readonly state: 'damaged'; readonly problem: string }
);

export interface Generations {
  readonly current: Generation;
  readonly previous: Generation;
}

export function checkpointPaths(folder: string): CheckpointPaths {
  return {
    folder,
    current: join(folder, 'checkpoint.json'),
    previous: join(folder, 'checkpoint.previous.json'),
    temporary: join(folder, 'checkpoint.json.tmp'),
  };
}

/** Changes nothing. Throws CHECKPOINT_NOT_WRITABLE when a file is there and may not be read. */
export async function readGenerations(
  { folder, current, previous }: CheckpointPaths,
  fs: Pick<CheckpointFs, 'readFile'>,
): Promise<Generations> {
  const first = await readGeneration(folder, current, fs);
  const second = await readGeneration(folder, previous, fs);
  // A running relay may have been between its two renames.
  const isMoving = first.state === 'absent' && second.state !== 'absent';
  return { current: isMoving ? await readGeneration(folder, current, fs) : first, previous: second };
}

async function readGeneration(folder: string, path: string, fs: Pick<CheckpointFs, 'readFile'>): Promise<Generation> {
  let bytes: Buffer;
  try {
    bytes = await fs.readFile(path);
  } catch (error) {
    const code = fsCode(error);
    if (code === 'ENOENT') return { path, state: 'absent' };
    // The disk lost it: as bad as wrong bytes, and the other generation may be on a sound sector.
    if (code === 'EIO') return { path, state: 'damaged', problem: 'the disk cannot read it (EIO)' };
    throw folderError(folder, error);
  }
  const parsed = parseCheckpoint(bytes);
  return parsed.ok
    ? { path, state: 'sound', checkpoint: parsed.checkpoint }
    : { path, state: 'damaged', problem: parsed.problem };
}
