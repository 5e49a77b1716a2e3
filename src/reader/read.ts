import { systemClock } from '../base/clock.ts';
import { isAborted } from '../base/retry.ts';
import { systemRandom } from '../base/randomness.ts';
import { openTopic } from '../topic/reader.ts';
import type { TopicEvent, TopicReader } from '../topic/topic.ts';
import { Intake } from './intake.ts';
import { warn } from './notices.ts';
import type { Change, ChangeMessage, ReaderNotice, ReaderOptions } from './reader.ts';

/**
 * The changes of a topic that are new, those of a lane in their order. A change is done when the next one is asked for:
 * one whose loop was left or threw comes again, after about a second, to whoever reads with the group.
 *
 * While the broker is away it waits. Throws RelayError when the topic cannot be read as it is configured (TOPIC_…,
 * GROUP_…: at the start also when it does not answer), when messages are missing (TOPIC_GAP), and at a message that it
 * does not understand (MESSAGE_…). It ends when `signal` aborts. After that, or a throw, or a `break`, nothing of it is
 * left.
 */
export async function* readChanges(options: ReaderOptions): AsyncGenerator<Change, void, undefined> {
  for await (const { changes } of readMessages(options)) yield* changes;
}

/** As `readChanges`, message by message: for those who write many rows at once. A message is done as a whole. */
export async function* readMessages(options: ReaderOptions): AsyncGenerator<ChangeMessage, void, undefined> {
  const { signal, onNotice = warn } = options;
  if (signal?.aborted === true) return;
  const reader = await openTopic(options, {
    clock: systemClock,
    random: systemRandom,
    logger: { debug: () => undefined, isLevelEnabled: () => false },
    onEvent: noticesOf(onNotice),
  });
  const close = (): void => void reader.close();
  signal?.addEventListener('abort', close, { once: true });
  if (signal !== undefined && isAborted(signal)) close();
  try {
    yield* messagesOf(reader, new Intake(options, onNotice), signal);
  } finally {
    signal?.removeEventListener('abort', close);
    await reader.close();
  }
}

async function* messagesOf(
  reader: TopicReader,
  intake: Intake,
  signal: AbortSignal | undefined,
): AsyncGenerator<ChangeMessage, void, undefined> {
  for (;;) {
    const batch = await reader.next();
    if (batch === undefined) return;
    let done = 0;
    try {
      for (const message of batch.messages) {
        const fresh = intake.take(message);
        if (fresh !== undefined) yield fresh;
        done += 1;
        if (signal !== undefined && isAborted(signal)) return;
      }
    } finally {
      // The other lanes need not wait for it; `close` does.
      void batch.acknowledge(done);
    }
  }
}

/** One notice when an outage begins, and one whenever its reason changes. */
function noticesOf(onNotice: (notice: ReaderNotice) => void): (event: TopicEvent) => void {
  let reason: string | undefined;
  return (event) => {
    if (event.what !== 'away') {
      if (event.what === 'back') reason = undefined;
      onNotice(event);
      return;
    }
    if (event.error.code === reason) return;
    reason = event.error.code;
    onNotice({ what: 'away', error: event.error });
  };
}
