/** Faults of the relay and of apply themselves. */
import type { Supervised } from '../supervised.ts';
import type { Fault, Scene } from './fault.ts';

/** Both stop within 5 s; closing, storing the checkpoint, and a machine that is busy. */
export const STOPS_WITHIN_MS = 15_000;

export const killed =
  (of: (scene: Scene) => Supervised): Fault =>
  async (scene) => {
    await of(scene).end('SIGKILL');
    return () => of(scene).start();
  };

export const terminated =
  (of: (scene: Scene) => Supervised): Fault =>
  async (scene) => {
    await stopInOrder(of(scene), scene.isAlone, scene.problem);
    return () => of(scene).start();
  };

/** Stopped by a signal: its connections stay open, and nothing answers. */
export const frozen =
  (of: (scene: Scene) => Supervised): Fault =>
  (scene) => {
    of(scene).signal('SIGSTOP');
    return Promise.resolve(() => {
      of(scene).signal('SIGCONT');
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
  (of: (scene: Scene) => Supervised): Fault =>
  (scene) => {
    const { pid } = of(scene);
    of(scene).signal('SIGUSR2');
    return Promise.resolve(() => {
      // A process that was started meanwhile has the right time.
      if (of(scene).pid === pid) of(scene).signal('SIGUSR2');
      return Promise.resolve();
    });
  };

/** Stopped, and started by the next of the Node.js that the run was given. */
export const otherNode: Fault = async ({ stream, servers, isAlone, problem }) => {
  if (servers.nodePaths.length === 0) return { skipped: 'no other Node.js was given (--nodes)' };
  await stopInOrder(stream.relay, isAlone, problem);
  const paths = ['', ...servers.nodePaths];
  stream.nodePath = paths[(paths.indexOf(stream.nodePath) + 1) % paths.length] ?? '';
  return () => stream.relay.start();
};
