/** Faults of the relay and of apply themselves. */
import { readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Supervised } from '../supervised.ts';
import type { Watch } from '../watch.ts';
import { missed, type Fault, type Scene } from './fault.ts';

/** Both stop within 5 s; closing, storing the checkpoint, and a machine that is busy. */
export const STOPS_WITHIN_MS = 15_000;
const STARTS_WITHIN_MS = 20_000;
const CLOCK_SEEN_WITHIN_MS = 20_000;
const HALF_AN_HOUR_MS = 1_800_000;

interface Hit {
  readonly supervised: Supervised;
  readonly watch: Watch;
}
type Of = (scene: Scene) => Hit;

export const killed =
  (of: Of): Fault =>
  async (scene) => {
    const { supervised } = of(scene);
    if (supervised.pid === undefined) missed(scene, `no ${supervised.who} runs`);
    await supervised.end('SIGKILL');
    return () => supervised.start();
  };

export const terminated =
  (of: Of): Fault =>
  async (scene) => {
    const { supervised } = of(scene);
    await stopInOrder(supervised, scene.isAlone, scene.problem);
    return () => supervised.start();
  };

/** Stopped by a signal: its connections stay open, and nothing answers. */
export const frozen =
  (of: Of): Fault =>
  (scene) => {
    const { supervised } = of(scene);
    supervised.signal('SIGSTOP');
    return Promise.resolve(() => {
      supervised.signal('SIGCONT');
      return Promise.resolve();
    });
  };

/** SIGTERM; with `isStrict` it must end with 0, else (a disk that hangs, for one) in time only. */
export async function stopInOrder(
  supervised: Supervised,
  isStrict: boolean,
  problem: (what: string) => void,
): Promise<void> {
  const { pid } = supervised;
  const { exit, ms } = await supervised.end('SIGTERM');
  if (pid === undefined) return;
  const { who } = supervised;
  if (exit === undefined) problem(`${who} did not end within a minute of SIGTERM`);
  else if (isStrict && exit.code !== 0) problem(`${who} ended with ${exit.code ?? String(exit.signal)} after SIGTERM`);
  else if (ms > STOPS_WITHIN_MS) problem(`${who} took ${(ms / 1000).toFixed(1)} s to end after SIGTERM`);
}

/** The clock of the process goes an hour ahead, and back again; preload.mjs does it. */
export const clockAhead =
  (of: Of): Fault =>
  async (scene) => {
    const { supervised, watch } = of(scene);
    const { pid } = supervised;
    supervised.signal('SIGUSR2');
    const isAhead = (at: string): boolean => Date.parse(at) - Date.now() > HALF_AN_HOUR_MS;
    if ((await watch.until(({ at }) => isAhead(at), CLOCK_SEEN_WITHIN_MS)) === undefined)
      missed(scene, `${supervised.who} says that it is ${watch.seen?.at ?? 'no time'}`);
    return () => {
      // A process that was started meanwhile has the right time.
      if (supervised.pid === pid) supervised.signal('SIGUSR2');
      return Promise.resolve();
    };
  };

/** Stopped, and started by the next of the Node.js that the run was given. */
export const otherNode: Fault = async (scene) => {
  const { stream, servers, relay, isAlone, problem } = scene;
  const { supervised } = relay;
  if (servers.nodePaths.length === 0) return { skipped: 'no other Node.js was given (--nodes)' };
  await stopInOrder(supervised, isAlone, problem);
  const paths = ['', ...servers.nodePaths];
  stream.nodePath = paths[(paths.indexOf(stream.nodePath) + 1) % paths.length] ?? '';
  const { nodePath } = stream;
  return async () => {
    await supervised.start();
    // The program begins as `env`, which looks for `node`.
    const deadlineMs = performance.now() + STARTS_WITHIN_MS;
    let runs = await programOf(supervised);
    while (!runs.endsWith('/node') && performance.now() < deadlineMs) {
      await sleep(50);
      runs = await programOf(supervised);
    }
    if (runs.startsWith(`${nodePath}/`) !== (nodePath !== '')) missed(scene, `${supervised.who} runs by ${runs}`);
  };
};

async function programOf({ pid }: Supervised): Promise<string> {
  return pid === undefined ? '' : readlink(`/proc/${pid}/exe`).catch(() => '');
}
