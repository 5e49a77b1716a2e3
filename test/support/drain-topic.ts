import { topicMessages } from '../../dev/topic-messages.ts';
import type { TopicMessage } from '../../src/topic/topic.ts';
import { sharedRocketmq } from './servers.ts';

export interface DrainOptions {
  readonly topic: string;
  readonly group: string;
  /** Default: the shared RocketMQ. */
  readonly endpoint?: string;
  /** Asked after each message; true ends the reading. */
  readonly until: (messages: readonly TopicMessage[]) => boolean;
  /** Default 30 s. */
  readonly timeoutMs?: number;
}

/**
 * Reads until enough has come; throws when it has not in time, saying how much has. Messages of a lane stand in its
 * order; repeats are kept.
 */
export async function drainTopic(options: DrainOptions): Promise<readonly TopicMessage[]> {
  const { topic, group, endpoint = sharedRocketmq().endpoint, until, timeoutMs = 30_000 } = options;
  const messages: TopicMessage[] = [];
  const signal = AbortSignal.timeout(timeoutMs);
  for await (const message of topicMessages({ endpoint, topic, group, signal })) {
    messages.push(message);
    if (until(messages)) return messages;
  }
  throw new Error(`${topic}: waited ${timeoutMs / 1000} s in vain; ${messages.length} messages came`);
}
