/** What a broker that is killed while it stores a message delivers of it, and that readers drop it. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RocketmqServer, ServerSettings } from '../../../dev/servers/servers.ts';
import { startRocketmq } from '../../../dev/servers/start.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { openTopic } from '../../../src/topic/reader.ts';
import type { TopicEvent, TopicMessage } from '../../../src/topic/topic.ts';
import { storedMessages, tear, type StoredMessage } from '../../support/commit-log.ts';
import { freshTopic } from '../../support/servers.ts';
import { topicMessage, type MessageParts } from '../../support/topic/messages.ts';
import { Publisher } from '../../support/topic/publisher.ts';
import { storedProperties } from '../../support/topic/stored-properties.ts';

/** As RocketMQ comes. */
const WITHOUT_CHECK = { enabledAppendPropCRC: false, forceVerifyPropCRC: false };
/** As many as a reader takes for torn without a whole one between them. */
const CUTS = 16;

let rocketmq: RocketmqServer | undefined;
afterEach(async () => {
  await rocketmq?.remove();
  rocketmq = undefined;
});

const parts = (sequence: number): MessageParts => ({
  lane: 'lane-0',
  sequence,
  properties: { optional: 'marks,resume', marks: 'invalidText', resume: 'binlog.000001:4' },
});

/** Publishes two messages, tears the second as `cutsOf` says, publishes a third, and reads them all. */
async function readTorn(
  broker: ServerSettings,
  cutsOf: (stored: StoredMessage) => readonly number[],
): Promise<{ messages: TopicMessage[]; events: TopicEvent[]; stored: StoredMessage }> {
  rocketmq = await startRocketmq({ own: true, progress: () => undefined, broker });
  const { topic, group } = await freshTopic({ rocketmq, queues: 1 });
  const publish = async (...sequences: number[]): Promise<void> => {
    const publisher = await Publisher.open(rocketmq?.endpoint ?? '', topic);
    for (const sequence of sequences) await publisher.send(parts(sequence));
    await publisher.close();
  };
  await publish(1, 2);
  await rocketmq.kill9();
  const stored = (await storedMessages(rocketmq)).findLast((message) => message.topic === topic);
  if (stored === undefined) throw new Error('the commit log does not have the message');
  await tear(rocketmq, stored, cutsOf(stored));
  await rocketmq.start();
  await publish(3);
  const events: TopicEvent[] = [];
  const reader = await openTopic(
    { endpoint: rocketmq.endpoint, topic, group },
    {
      clock: systemClock,
      random: Math.random,
      logger: { debug: () => undefined, isLevelEnabled: () => false },
      onEvent: (event) => events.push(event),
    },
  );
  const messages: TopicMessage[] = [];
  try {
    while (messages.at(-1)?.properties.get('sequence') !== '3') {
      const batch = await reader.next();
      messages.push(...(batch?.messages ?? []));
      await batch?.acknowledge();
    }
  } finally {
    await reader.close();
  }
  return { messages, events, stored };
}

const sequencesOf = (messages: readonly TopicMessage[]): readonly (string | undefined)[] =>
  messages.map(({ properties }) => properties.get('sequence'));

describe('a message that a broker was killed while storing', () => {
  it('comes with what is left of its properties, in the order that tests take for granted, and is dropped (invariant 25)', async () => {
    const { messages, events, stored } = await readTorn(WITHOUT_CHECK, ({ bytes, propertiesAt }) => {
      const length = bytes.length - propertiesAt;
      return Array.from({ length: CUTS }, (_, i) => Math.floor((i * (length - 1)) / (CUTS - 1)));
    });
    expect(sequencesOf(messages)).toEqual(['1', '2', '3']);
    expect(messages.map(({ properties }) => properties.get('marks'))).toEqual(Array(3).fill('invalidText'));
    expect(events.filter(({ what }) => what === 'torn')).toHaveLength(CUTS);
    expect(namesIn(stored.bytes.subarray(stored.propertiesAt))).toEqual(
      namesIn(storedProperties(topicMessage(parts(2)))),
    );
  });

  it('is not there any more when the broker checks the whole of it', async () => {
    const { messages, events } = await readTorn({ enabledAppendPropCRC: true, forceVerifyPropCRC: true }, () => [100]);
    // What was torn had been acknowledged here, and the copy after it was cut off with it.
    expect(sequencesOf(messages)).toEqual(['1', '3']);
    expect(events).toEqual([]);
    expect([...(messages[0]?.properties.keys() ?? [])].filter((name) => name.startsWith('__'))).toEqual([
      '__SHARDINGKEY',
    ]);
  });
});

function namesIn(properties: Buffer): readonly string[] {
  return properties
    .toString()
    .split('\x02')
    .map((pair) => pair.split('\x01', 1)[0] ?? '');
}
