import type { Checkpoint, CheckpointStore } from './checkpoint.ts';

/** Survives nothing: for `tail`, which starts anew each time. */
export function createMemoryCheckpointStore(): CheckpointStore {
  let latest: Checkpoint | undefined;
  return {
    location: 'memory',
    load: () => Promise.resolve(latest),
    save: (checkpoint) => {
      latest = checkpoint;
      return Promise.resolve();
    },
  };
}
