import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Cores as taskset names them. */
export type Cores = '0' | '1' | '0,1';

/** Keeps processes, with all their threads, on these cores: two parts of one machine are two machines then. */
export async function pin(cores: Cores, pids: readonly number[]): Promise<void> {
  for (const pid of pids) await promisify(execFile)('taskset', ['-acp', cores, String(pid)]);
}
