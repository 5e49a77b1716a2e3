/** The folder of the checkpoint: a small disk of its own where this process may mount one, else an ordinary folder. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Room for what a large transaction takes. */
const SIZE = '16m';

export interface CheckpointFolder {
  readonly path: string;
  readonly isMounted: boolean;
  /** Only where it is mounted. */
  remount(mode: 'ro' | 'rw'): Promise<void>;
  unmount(): Promise<void>;
}

export async function mountCheckpoint(path: string): Promise<CheckpointFolder> {
  await mkdir(path, { recursive: true });
  const isMounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', path]).then(
    () => true,
    () => false,
  );
  return {
    path,
    isMounted,
    remount: async (mode) => {
      await run('mount', ['-o', `remount,${mode}`, path]);
    },
    unmount: async () => {
      if (isMounted) await run('umount', ['--lazy', path]);
    },
  };
}
