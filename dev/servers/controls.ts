import type { Program } from './program.ts';
import type { RunFolder } from './run-folder.ts';
import type { Controls, Progress } from './servers.ts';

/**
 * A server of one or more programs, controlled as one. `start` starts them, in order, and waits until the server
 * serves.
 */
export function controls(programs: readonly Program[], folder: RunFolder, start: () => Promise<unknown>): Controls {
  const each = async (action: (program: Program) => Promise<void>): Promise<void> => {
    await Promise.all(programs.map(action));
  };
  return {
    folder: folder.path,
    stop: () => each((program) => program.stop()),
    kill9: () => each((program) => program.kill9()),
    start: async () => {
      await start();
    },
    freeze: () => each((program) => program.freeze()),
    thaw: () => each((program) => program.thaw()),
    pids: async () => (await Promise.all(programs.map((program) => program.pid()))).filter((pid) => pid !== undefined),
    remove: async (options) => {
      if (options?.keepFolder === true) await each((program) => program.saveLog());
      folder.remove(options);
    },
  };
}

/**
 * Starts it for the first time and says how long that took; when it does not start, names its folder, which is kept.
 */
export async function firstStart(
  name: string,
  server: Pick<Controls, 'start' | 'folder' | 'remove'>,
  progress: Progress,
): Promise<void> {
  const startMs = performance.now();
  progress(`starting ${name}`);
  try {
    await server.start();
  } catch (thrown) {
    await server.remove({ keepFolder: true });
    progress(`${name} did not start; its folder is kept: ${server.folder}`);
    throw thrown;
  }
  progress(`${name} ready in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}
