import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';

/**
 * A process, so that no other one is ever taken for it: not after a reboot, in another container, or when its id is
 * given out again.
 */
export const processIdentitySchema = z.strictObject({
  /** For people. */
  host: z.string(),
  pid: z.int(),
  /** Of the machine since its start; the same in all its containers. Null where there is no /proc. */
  boot: z.string().nullable(),
  /** In which the id is valid: each container has its own. */
  pidNamespace: z.string().nullable(),
  /** In ticks since the machine was started. */
  startTime: z.string().nullable(),
});

export type ProcessIdentity = z.output<typeof processIdentitySchema>;

export function ownIdentity(): ProcessIdentity {
  return {
    host: hostname(),
    pid: process.pid,
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    pidNamespace: attempt(() => readlinkSync('/proc/self/ns/pid')),
    startTime: startTimeOf(process.pid),
  };
}

/**
 * Whether the process is running; undefined when that cannot be seen from here: it is, or was, on another machine, in
 * another container or before a reboot.
 */
export function isRunning({ pid, boot, pidNamespace, startTime }: ProcessIdentity): boolean | undefined {
  const own = ownIdentity();
  if (boot === null || pidNamespace === null || startTime === null) return undefined;
  if (boot !== own.boot || pidNamespace !== own.pidNamespace) return undefined;
  return startTimeOf(pid) === startTime;
}

/**
 * proc(5): the name in parentheses may hold anything; after it stand the state (field 3) and, as field 22, the start
 * time.
 */
function startTimeOf(pid: number): string | null {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  // A zombie holds nothing any more.
  return state === 'Z' || state === 'X' ? null : (fields[19] ?? null);
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
