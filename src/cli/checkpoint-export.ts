/** A checkpoint as a file of its own: the text of a generation of a folder, checksum included. */
import { readFile, writeFile } from 'node:fs/promises';
import { RelayError } from '../base/errors.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { parseCheckpoint, renderCheckpoint } from '../checkpoint/file-format.ts';

/** Never over a file that is there. */
export async function exportCheckpoint(checkpoint: Checkpoint, file: string): Promise<void> {
  try {
    await writeFile(file, renderCheckpoint(checkpoint), { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new RelayError('USAGE', `${file} cannot be written: ${textOf(cause)}`, {
      remedy: 'Name a file that is not there yet, in a folder that is.',
      cause,
    });
  }
}

export async function readExported(file: string): Promise<Checkpoint> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new RelayError('USAGE', `${file} cannot be read: ${textOf(cause)}`, {
      remedy: 'Name a file that binlog-relay checkpoint export has written, or a checkpoint.json.',
      cause,
    });
  }
  const parsed = parseCheckpoint(bytes);
  if (parsed.ok) return parsed.checkpoint;
  throw new RelayError('CHECKPOINT_DAMAGED', `${file} is no sound checkpoint: ${parsed.problem}`, {
    remedy:
      'Nothing was changed. Name a file that binlog-relay checkpoint export has written; to move a checkpoint use checkpoint set.',
  });
}

const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
