/**
 * The folder of one started server: its data, its logs, and what makes sure that nothing outlives the process that
 * started it.
 *
 * - The folder's name is the first port of a block; making the folder reserves the block among all our runs on the
 *   machine.
 * - `owner` names the process that started the server, `pids` and `containers` what it started. A process is named by
 *   its id and the time it began,
 *   so that an id given out again is not taken for it.
 * - When this process exits or is told to by a signal, its servers are killed. When it is killed itself, the next start
 *   anywhere on the machine does it.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from './process-identity.ts';

/** Ports of one block. */
const BLOCK = 10;
/**
 * Below the ports that operating systems give to outgoing connections (32768 and up on Linux): a client that reconnects
 * to a stopped server could otherwise be given the server's own port and, on the loopback, connect to itself.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

const runs = (): string => join(tmpdir(), `binlog-relay-servers-${userInfo().username}`);
const live = new Set<RunFolder>();

export class RunFolder {
  readonly path: string;
  readonly firstPort: number;

  constructor(path: string, firstPort: number) {
    this.path = path;
    this.firstPort = firstPort;
    live.add(this);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Notes a process that must not outlive this one. */
  addProcess(pid: number): void {
    appendFileSync(this.file('pids'), `${processIdentity(pid) ?? ''}\n`);
  }

  /** Notes a container that must not outlive this process. */
  addContainer(name: string): void {
    appendFileSync(this.file('containers'), `${name}\n`);
  }

  /**
   * Kills what still runs; removes the folder unless it is to be kept. Synchronous, because it is the last thing a
   * process does. Idempotent.
   */
  remove(options: { readonly keepFolder?: boolean } = {}): void {
    if (!live.delete(this)) return;
    killProcessesOf(this.path);
    if (options.keepFolder === true) rmSync(this.file('owner'), { force: true });
    else removeFolder(this.path);
  }
}

/** Makes a folder with a block of free ports. First removes what dead processes left behind. */
export async function makeRunFolder(): Promise<RunFolder> {
  removeLeftovers();
  removeAllOnExit();
  mkdirSync(runs(), { recursive: true });
  const blocks = (LAST_PORT - FIRST_PORT) / BLOCK;
  for (let block = process.pid % blocks, tried = 0; tried < blocks; block = (block + 1) % blocks, tried++) {
    const firstPort = FIRST_PORT + block * BLOCK;
    const path = join(runs(), String(firstPort));
    if (!makeFolder(path)) continue;
    if (await areFree(firstPort)) {
      writeFileSync(join(path, 'owner'), processIdentity(process.pid) ?? '');
      return new RunFolder(path, firstPort);
    }
    removeFolder(path);
  }
  throw new Error(
    `No ${BLOCK} free ports in a row between ${FIRST_PORT} and ${LAST_PORT}. Remove old folders in ${runs()}.`,
  );
}

/** Kills servers whose owner is gone and removes their folders. A folder without an owner was kept on purpose. */
export function removeLeftovers(): void {
  for (const name of names(runs())) {
    const path = join(runs(), name);
    const owner = read(join(path, 'owner'));
    if (owner === undefined || owner === processIdentity(Number.parseInt(owner, 10))) continue;
    killProcessesOf(path);
    try {
      removeFolder(path);
    } catch {
      // Its block of ports stays taken; others are free.
    }
  }
}

function killProcessesOf(path: string): void {
  const containers = lines(join(path, 'containers'));
  if (containers.length > 0) spawnSync('docker', ['rm', '--force', '--volumes', ...containers]);
  for (const identity of lines(join(path, 'pids'))) {
    const pid = Number.parseInt(identity, 10);
    if (identity === processIdentity(pid)) process.kill(pid, 'SIGKILL');
  }
}

/** Retried: a server that was killed just now may still be making a file. */
function removeFolder(path: string): void {
  // A small disk that somebody has mounted in it, and left there when it was killed.
  for (const mount of lines('/proc/self/mounts')) {
    const [, at = ''] = mount.split(' ');
    if (at.startsWith(`${path}/`)) spawnSync('umount', ['--lazy', at]);
  }
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

let isWatching = false;
function removeAllOnExit(): void {
  if (isWatching) return;
  isWatching = true;
  const removeAll = (): void => {
    for (const folder of [...live]) folder.remove();
  };
  process.on('exit', removeAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Before all others: one that is called only once is gone by the time the next is called.
    process.prependOnceListener(signal, () => {
      if (process.listenerCount(signal) > 0) return; // the program has its own way to end, and passes `exit`
      removeAll();
      process.kill(process.pid, signal);
    });
  }
}

function makeFolder(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch {
    return false;
  }
}

async function areFree(firstPort: number): Promise<boolean> {
  for (let port = firstPort; port < firstPort + BLOCK; port++) if (!(await isFree(port))) return false;
  return true;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

function names(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function lines(file: string): readonly string[] {
  return (read(file) ?? '').split('\n').filter((line) => line !== '');
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
