import { RelayError } from '../../base/errors.ts';
import { gapError, judge, type LaneMark, type LanePosition } from '../../topic/gate.ts';
import type { TopicMessage } from '../../topic/topic.ts';
import type { LaneState } from '../ledger/ledger.ts';
import type { Standing, Streams } from './streams.ts';

/** False for what is to be dropped. Throws TOPIC_GAP and LEDGER_FOREIGN. */
export function isNew(
  message: TopicMessage,
  mark: LaneMark,
  { state, standing, streams }: { readonly state: LaneState; readonly standing: Standing; readonly streams: Streams },
): boolean {
  const known: LanePosition | undefined = state.epoch === 0 && state.sequence === 0 ? undefined : state;
  const verdict = judge(known, mark);
  switch (verdict.is) {
    case 'new':
    case 'epoch':
      if (standing === 'past') throw streams.foreign(mark.stream);
      return true;
    case 'repeat':
    case 'stale':
      return false;
    case 'gap':
      throw gapError(message, mark, state, verdict.due);
    case 'first':
      if (mark.sequence === 1 || streams.current?.fromHere === true) return true;
      throw new RelayError(
        'TOPIC_GAP',
        `the lane begins with message ${mark.sequence} of epoch ${mark.epoch}: what was before is not in the topic any more, or the group has read it for a ledger that has gone`,
        { remedy: 'Start once with --from-here, and have the tables copied: binlog-relay copy <database>.<table>.' },
      );
  }
}
