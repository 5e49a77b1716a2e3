import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/randomness.ts';
import { openTopic } from '../src/topic/reader.ts';
import type { TopicMessage, TopicOptions } from '../src/topic/topic.ts';

export interface ReceivedMessage extends TopicMessage {
  /** When this process received it, ms since 1970. */
  readonly receivedMs: number;
}

/**
 * The messages of a topic, repeats too, those of a lane in their order, until `signal` aborts. Batches are acknowledged
 * when the message after them is asked for.
 */
export async function* topicMessages(
  options: TopicOptions & { readonly signal: AbortSignal },
): AsyncGenerator<ReceivedMessage, void, undefined> {
  const { signal } = options;
  const reader = await openTopic(options, {
    clock: systemClock,
    random: systemRandom,
    logger: { debug: () => undefined, isLevelEnabled: () => false },
  });
  const close = (): void => void reader.close();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  try {
    for (;;) {
      const batch = await reader.next();
      if (batch === undefined) return;
      const receivedMs = Date.now();
      for (const message of batch.messages) yield { ...message, receivedMs };
      void batch.acknowledge();
    }
  } finally {
    signal.removeEventListener('abort', close);
    await reader.close();
  }
}
