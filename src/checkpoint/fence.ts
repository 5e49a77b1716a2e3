import { RelayError } from '../base/errors.ts';
import type { Checkpoint } from './checkpoint.ts';

/**
 * Throws CHECKPOINT_TAKEN when `stored` is another relay's: of another stream, or of a run that began after the one
 * that wants to store `ours`.
 */
export function requireNotReplaced(
  stored: Pick<Checkpoint, 'stream' | 'epoch'> | undefined,
  ours: Pick<Checkpoint, 'stream' | 'epoch'>,
  location: string,
): void {
  if (stored === undefined || (stored.stream === ours.stream && stored.epoch <= ours.epoch)) return;
  throw takenError(
    location,
    `it holds epoch ${stored.epoch} of stream ${stored.stream}, this run is epoch ${ours.epoch} of stream ${ours.stream}`,
  );
}

export function takenError(location: string, why: string): RelayError {
  return new RelayError('CHECKPOINT_TAKEN', `another relay has taken over the checkpoint in ${location}: ${why}`);
}
