import type { RocketmqServer } from '../../dev/servers/servers.ts';
import { topicMessages } from '../../dev/topic-messages.ts';

/** What a reader finds in the topic. */
export interface TopicCount {
  readonly changes: number;
  /** When the relay sealed its first message, ms since 1970. */
  readonly firstMessageMs: number;
}

const IDLE_MS = 5_000;

/**
 * Reads until `wanted` changes have come, and then no more. Throws when a lane has a gap. A message that comes again is
 * counted once.
 */
export async function countTopic(rocketmq: RocketmqServer, topic: string, wanted: number): Promise<TopicCount> {
  const group = `${topic}-count`;
  await rocketmq.createGroup(group, { ordered: true });
  const newest = new Map<string, number>();
  const idle = new AbortController();
  let changes = 0;
  let firstMessageMs = Infinity;
  let timer: NodeJS.Timeout | undefined;
  for await (const message of topicMessages({ endpoint: rocketmq.endpoint, topic, group, signal: idle.signal })) {
    const sequence = Number(message.properties.get('sequence'));
    const before = newest.get(message.lane) ?? 0;
    if (sequence > before + 1) throw new Error(`${topic}: lane ${message.lane} has ${sequence} after ${before}`);
    if (sequence === before + 1) {
      newest.set(message.lane, sequence);
      // Statements, marks of copies, progress.
      if (message.properties.get('rows') === '0') continue;
      const { data, ts } = JSON.parse(message.body.toString()) as {
        readonly data: readonly unknown[];
        readonly ts: number;
      };
      changes += data.length;
      firstMessageMs = Math.min(firstMessageMs, ts);
    }
    clearTimeout(timer);
    timer = setTimeout(() => idle.abort(), changes < wanted ? IDLE_MS : IDLE_MS / 10);
  }
  if (changes !== wanted) throw new Error(`${topic} holds ${changes} changes, not ${wanted}`);
  return { changes, firstMessageMs };
}
