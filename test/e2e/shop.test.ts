/** The whole way of a row: a shop, and a copy that equals it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TopicMessage } from '../../src/topic/topic.ts';
import type { MessageBody } from '../support/replay.ts';
import { SHOP_TABLES } from '../../dev/shop.ts';
import { drainTopic } from '../support/drain-topic.ts';
import { Pipeline } from '../support/pipeline.ts';
import { residentBytes } from '../support/resident-bytes.ts';

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await Pipeline.create();
});
afterAll(() => pipeline.remove());

it('keeps a copy of a busy shop equal, in little memory', async () => {
  const relay = await pipeline.startRelay();
  await relay.ready();
  const load = pipeline.load(300);
  await seconds(8);
  const { transactions } = await load.stop();
  const rows = await pipeline.expectEqual();
  const { messages, changes, messagesRepeated, changesRepeated } = pipeline.reader.counts;
  const rss = await residentBytes(relay.pid);
  console.log(
    `shop: ${transactions} transactions, ${changes} changes in ${messages} messages, ${rows} rows compared, relay RSS ${rss >> 20} MB`,
  );
  expect([messagesRepeated, changesRepeated]).toEqual([0, 0]);
  expect(rss).toBeLessThan(200 << 20);
});

it('says on each message what is in it', async () => {
  const group = `${pipeline.topic.group}-2`;
  await pipeline.rocketmq.createGroup(group, { ordered: true });
  const wanted = [...SHOP_TABLES.map((table) => `${table} INSERT`), 'orders UPDATE', 'orders DELETE'];
  const hasAll = (messages: readonly TopicMessage[]): boolean => {
    const kinds = new Set(messages.map(({ properties }) => `${properties.get('table')} ${properties.get('kind')}`));
    return wanted.every((kind) => kinds.has(kind));
  };
  const reading = drainTopic({ topic: pipeline.topic.topic, group, until: hasAll });
  const load = pipeline.load(300, 2);
  const messages = await reading;
  await load.stop();
  const saysProgress = ({ tag }: TopicMessage): boolean => tag === 'progress';
  for (const message of messages) if (!saysProgress(message)) expectDescribed(message);
  expect(messages.find(saysProgress)?.properties.get('rows')).toBe('0');
});

function expectDescribed(message: TopicMessage): void {
  const { lane, tag, keys, properties } = message;
  const body = JSON.parse(message.body.toString()) as MessageBody & { readonly id: number };
  const { database, table, type, data, old, changes, source, pkNames } = body;
  expect(lane).toMatch(/^lane-/);
  expect(tag).toBe(`${database}.${table}`);
  expect(Object.fromEntries(properties)).toMatchObject({
    format: 'canal-json',
    schema: pipeline.source,
    table,
    kind: type,
    rows: `${data.length}`,
    first: `${source}:${changes[0]}`,
    last: `${source}:${changes.at(-1)}`,
    stream: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
    epoch: '1',
    sequence: `${body.id}`,
  });
  // Each lane's first message, and no other, names where the run began.
  expect(properties.has('resume')).toBe(body.id === 1);
  expect(changes).toHaveLength(data.length);
  expect(old?.length).toBe(type === 'UPDATE' ? data.length : undefined);
  expect(`${source}:${changes.at(-1)?.split('#')[0]}`).toBe(body.gtid);
  if (table !== 'visits' && data.length <= 32) {
    expect(keys).toEqual(data.map((row) => pkNames?.map((column) => row[column]).join(',')));
  }
}

const seconds = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n * 1000));
