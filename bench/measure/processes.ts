/** Other processes, as Linux shows them in /proc. */
import { readFile, readdir } from 'node:fs/promises';

/** Of the times in /proc: USER_HZ, the same on every Linux that Node.js runs on. */
const CLOCK_TICKS_PER_SECOND = 100;

/** User and system time of all threads, in seconds, of the processes and of their children. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const all = await withChildren(pids);
  const times = await Promise.all(all.map(cpuSecondsOf));
  return times.reduce((sum, seconds) => sum + seconds, 0);
}

export async function peakRssMbOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

/** User and system time of the thread that a process began with: of Node.js the one that runs JavaScript. */
export const mainThreadSeconds = (pid: number): Promise<number> => cpuSecondsOf(`${pid}/task/${pid}`);

async function cpuSecondsOf(pid: number | string): Promise<number> {
  const [, ...fields] = await statOf(pid);
  // proc(5): utime and stime are fields 14 and 15; `fields` begins with the fourth.
  return (Number(fields[10]) + Number(fields[11])) / CLOCK_TICKS_PER_SECOND;
}

/** Fields of /proc/<pid>/stat from the third, the state, on. */
async function statOf(pid: number | string): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** A server may be started by a script. */
async function withChildren(pids: readonly number[]): Promise<number[]> {
  const all = new Set(pids);
  const entries = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(
    entries.map(async (pid) => ({ pid, parent: Number((await statOf(pid).catch(() => []))[1]) })),
  );
  // A process may be listed before its parent.
  for (let before = -1; before !== all.size;) {
    before = all.size;
    for (const { pid, parent } of parents) if (all.has(parent)) all.add(pid);
  }
  return [...all];
}
