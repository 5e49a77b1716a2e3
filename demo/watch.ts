import { topicMessages } from '../dev/topic-messages.ts';
import type { TopicMessage, TopicOptions } from '../src/topic/topic.ts';

/** One more reader of the topic, until the message came that `isWanted` says; undefined when `signal` aborts before. */
export async function watchFor(
  options: TopicOptions & { readonly signal: AbortSignal },
  isWanted: (message: TopicMessage) => boolean,
): Promise<Buffer | undefined> {
  for await (const message of topicMessages(options)) if (isWanted(message)) return message.body;
  return undefined;
}
