import type { Code } from '../../base/error-codes.ts';
import { asRelayError, type RelayError } from '../../base/errors.ts';
import { isAborted, unlessAborted } from '../../base/retry.ts';
import type { Flow } from './flow.ts';
import type { RelayOptions } from './relay-options.ts';
import type { StatusBoard } from './status.ts';

const INTERVAL_MS = 5_000;
/**
 * What the server's newest position, or asking for it, may tell for good. Anything else may pass; opening the next
 * session judges it.
 */
const ENDED_BY_HEAD: ReadonlySet<Code> = new Set<Code>(['SOURCE_LOCKED', 'SOURCE_ROLLED_BACK']);
/** An XA branch that is open for longer was most likely forgotten. */
const OLD_BRANCH_MS = 600_000;

/**
 * Keeps the server's newest position for the status until `ended`; not knowing it is no failure. `fail` is given what
 * it tells for good.
 */
export async function watchHead(
  { source, clock, logger, progressMs = INTERVAL_MS }: Pick<RelayOptions, 'source' | 'clock' | 'logger' | 'progressMs'>,
  status: StatusBoard,
  flow: Flow,
  ended: AbortSignal,
  fail: (error: RelayError) => void,
): Promise<void> {
  while (!isAborted(ended)) {
    try {
      const head = await unlessAborted(ended, source.head());
      status.headSeen(head, flow);
      if (head !== undefined) flow.progress.headSeen(head);
    } catch (thrown) {
      if (isAborted(ended)) return;
      const error = asRelayError(thrown);
      if (ENDED_BY_HEAD.has(error.code)) {
        fail(error);
        return;
      }
      status.headUnknown(flow);
    }
    for (const { xid, sinceMs, bytes } of flow.xa.newlyOlder(clock.now() - OLD_BRANCH_MS))
      logger.warn(
        { xid, preparedAt: new Date(sinceMs).toISOString(), bytes, remedy: `XA COMMIT ${xid}, or XA ROLLBACK ${xid}` },
        'an XA branch has been prepared for long: the checkpoint stays before it until it is committed or rolled back',
      );
    await clock.sleep(Math.min(INTERVAL_MS, progressMs), ended);
  }
}
