import { readFileSync } from 'node:fs';

/**
 * `<pid> <start time>` of a running process; undefined when there is none, or only its zombie. Without /proc it is the
 * id alone.
 */
export function processIdentity(pid: number): string | undefined {
  if (!Number.isInteger(pid)) return undefined;
  if (process.platform !== 'linux') return isRunning(pid) ? String(pid) : undefined;
  const stat = readStat(pid);
  // proc(5): the name in parentheses may hold anything; after it stand the state (field 3) and, as field 22, the start
  // time in ticks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return startTime === undefined || state === 'Z' ? undefined : `${pid} ${startTime}`;
}

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
