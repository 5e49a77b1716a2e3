/**
 * Properties of a message as RocketMQ 5 stores them, and what it gives readers of bytes that are theirs no longer
 * (MessageDecoder.messageProperties2String and string2messageProperties). test/e2e/torn.test.ts compares it with a real
 * one.
 */
import type { TopicMessage } from '../../../src/topic/topic.ts';
import { topicMessage } from './messages.ts';

/** Slots of the HashMap that the broker keeps them in, whose order it writes. */
const BROKER_SLOTS = 128;
const NAME_END = '\x01';
const PROPERTY_END = '\x02';
/** What broker and proxy add, in the order in which they do. */
const OF_ROCKETMQ: readonly (readonly [string, string])[] = [
  ['UNIQ_KEY', '0102FC0000000130090B1EC9CA00000001'],
  ['PGROUP', 'order-binlog'],
  ['RECONSUME_TIME', '0'],
  ['BORN_TIMESTAMP', '1796026314627'],
  ['__BORNHOST', 'relay-7'],
  ['MSG_REGION', 'DefaultRegion'],
  ['TRACE_ON', 'true'],
  ['CLUSTER', 'DefaultCluster'],
];

type Sent = Pick<TopicMessage, 'lane' | 'tag' | 'keys' | 'properties'>;

/** `rankOf`: by which they are ordered. */
export function storedProperties({ lane, tag, keys, properties }: Sent, rankOf = slotsOf(BROKER_SLOTS)): Buffer {
  const all: (readonly [string, string])[] = [...properties, ['__SHARDINGKEY', lane], ['TAGS', tag], ...OF_ROCKETMQ];
  if (keys.length > 0) all.push(['KEYS', keys.join(' ')]);
  all.sort(([a], [b]) => rankOf(a) - rankOf(b));
  return Buffer.from(all.map(([name, value]) => `${name}${NAME_END}${value}${PROPERTY_END}`).join(''));
}

/** The message as the gRPC proxy gives it. */
export function deliveredWith(stored: Buffer, body: Buffer): TopicMessage {
  const all = new Map<string, string>();
  for (const pair of stored.toString().split(PROPERTY_END)) {
    const end = pair.indexOf(NAME_END);
    if (pair.length >= 3 && end > 0 && end < pair.length - 1) all.set(pair.slice(0, end), pair.slice(end + 1));
  }
  const [lane, tag, keys] = ['__SHARDINGKEY', 'TAGS', 'KEYS'].map((name) => all.get(name) ?? '');
  const own = new Set(['TAGS', 'KEYS', ...OF_ROCKETMQ.map(([name]) => name)]);
  return {
    ...topicMessage({ body }),
    lane: lane ?? '',
    tag: tag ?? '',
    keys: keys === undefined || keys === '' ? [] : keys.split(' '),
    properties: new Map([...all].filter(([name]) => !own.has(name))),
  };
}

/** The slot of a name in a HashMap of so many. */
export function slotsOf(slots: number): (name: string) => number {
  return (name) => {
    let hash = 0;
    for (let i = 0; i < name.length; i += 1) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
    return (hash ^ (hash >>> 16)) & (slots - 1);
  };
}
