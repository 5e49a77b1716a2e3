/** A small disk of its own for a folder, where this process may mount one. */
import { execFile } from 'node:child_process';
import { mkdir, open, statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BLOCK = Buffer.alloc(1 << 20, 'x');
/** A file that is open for writing keeps it from becoming read-only. */
const REMOUNT_WITHIN_MS = 10_000;

export interface SmallDisk {
  readonly path: string;
  /** False: an ordinary folder, since only root can mount one. */
  readonly isMounted: boolean;
  unmount(): Promise<void>;
}

/** `size` as mount takes it: `16m`. */
export async function smallDisk(path: string, size: string): Promise<SmallDisk> {
  await mkdir(path, { recursive: true });
  const isMounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]).then(
    () => true,
    () => false,
  );
  const unmount = async (): Promise<void> => {
    if (isMounted) await run('umount', ['--lazy', path]);
  };
  return { path, isMounted, unmount };
}

export async function remount(path: string, mode: 'ro' | 'rw'): Promise<void> {
  const deadlineMs = performance.now() + REMOUNT_WITHIN_MS;
  for (;;) {
    try {
      await run('mount', ['-o', `remount,${mode}`, path]);
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(20);
    }
  }
}

/** Makes a file that takes the room that is left on its disk, all of it, or all but a share of the disk. */
export async function fill(file: string, freeShare = 0): Promise<void> {
  const filler = await open(file, 'w');
  const isFull = async (): Promise<boolean> => {
    const { bavail, blocks } = await statfs(file);
    return bavail <= blocks * freeShare;
  };
  try {
    // The last pages go one by one.
    for (const block of [BLOCK, BLOCK.subarray(0, 4096)]) {
      while (!(await isFull()) && (await hasWritten(filler, block))) continue;
    }
  } finally {
    await filler.close();
  }
}

async function hasWritten(
  filler: { write(block: Buffer): Promise<{ readonly bytesWritten: number }> },
  block: Buffer,
): Promise<boolean> {
  try {
    return (await filler.write(block)).bytesWritten > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
