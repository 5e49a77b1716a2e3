import { randomUUID } from 'node:crypto';
import type { Checkpoint, CheckpointStore } from './checkpoint.ts';

/** Survives nothing: for `tail`, which starts again each time. */
export function createMemoryCheckpointStore(): CheckpointStore {
  let latest: Checkpoint | undefined;
  // Relays that share a location keep one another out.
  const location = `memory ${randomUUID()}`;
  return {
    location,
    load: () => Promise.resolve(latest),
    take: () => Promise.resolve({ stored: latest, epoch: (latest?.epoch ?? 0) + 1 }),
    confirm: () => Promise.resolve(),
    save: (checkpoint) => {
      latest = checkpoint;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
