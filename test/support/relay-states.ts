import type { RelayStatus } from '../../src/relay/relay.ts';

type State = Pick<RelayStatus, 'state'>;

/** No session is open: not yet, or not again. */
export const isBeginning = ({ state }: State): boolean =>
  state === 'starting' || state === 'connecting' || state === 'standby';

/** The run has ended, or is about to. */
export const isEnding = ({ state }: State): boolean =>
  state === 'draining' || state === 'failed' || state === 'stopped';

/** A session is open, and the run goes on. */
export const isReading = (status: State): boolean => !isBeginning(status) && !isEnding(status);
