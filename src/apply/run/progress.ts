import type { TopicMessage } from '../../topic/topic.ts';
import type { LaneProgress } from '../ledger/complete.ts';
import { parsedBody, unreadable } from './announcement.ts';
import { countIn } from './envelope.ts';

/** What a progress message says. Throws MESSAGE_UNREADABLE. */
export function readProgress(message: TopicMessage, epoch: number): LaneProgress {
  const { changes, progress, position, es } = parsedBody(message.body);
  const round = Number(/^([0-9]+)#/.exec(changes?.[0] ?? '')?.[1]);
  const gtidSet = progress?.gtidSet;
  if (typeof gtidSet !== 'string' || typeof position !== 'string' || typeof es !== 'number') {
    throw unreadable('has no progress, position or es');
  }
  if (!Number.isSafeInteger(round)) throw unreadable('has no number of the round in `changes`');
  return { epoch, round, lanes: countIn(message, 'lanes'), gtidSet, position, asOfMs: es };
}
