import type { Checkpoint } from './checkpoint.ts';

/**
 * The generation that is gone may be of the next run already: its epoch must not be given out again, or readers would
 * take new messages for repeats.
 */
export function withNextEpoch(checkpoint: Checkpoint): Checkpoint {
  return { ...checkpoint, epoch: checkpoint.epoch + 1 };
}
