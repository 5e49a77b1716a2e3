/** A checkpoint folder that cannot be written, or does not answer. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fill, remount } from '../small-disk.ts';
import type { Fault } from './fault.ts';

const run = promisify(execFile);
const NO_FILE = { skipped: 'of two relays the checkpoint is in MySQL' };
const NO_DISK = { skipped: 'the checkpoint folder is no disk of its own: only root can mount one' };
const LONGEST_OPEN_MS = 300;

export const full: Fault = async ({ stream }) => {
  if (stream.relays.isPair) return NO_FILE;
  const { path, isMounted } = stream.checkpoint;
  if (!isMounted) return NO_DISK;
  const filler = join(path, 'filler');
  await fill(filler);
  return () => rm(filler, { force: true });
};

export const readOnly: Fault = async ({ stream }) => {
  if (stream.relays.isPair) return NO_FILE;
  const { path, isMounted } = stream.checkpoint;
  if (!isMounted) return NO_DISK;
  await remount(path, 'ro');
  return () => remount(path, 'rw');
};

/** To open the file that is written next waits until somebody reads it, which nobody does. */
export const hanging: Fault = async ({ stream }) => {
  if (stream.relays.isPair) return NO_FILE;
  const fifo = join(stream.checkpoint.path, 'checkpoint.json.tmp');
  await rm(fifo, { force: true });
  try {
    await run('mkfifo', [fifo]);
  } catch {
    return { skipped: 'no fifo can be made' };
  }
  return async () => {
    // Whoever waits to write there goes on, finds that it is no file, and makes one the next time.
    const reader = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    await sleep(LONGEST_OPEN_MS);
    await rm(fifo, { force: true });
    await reader.close();
  };
};
