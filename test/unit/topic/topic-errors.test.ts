import { expect, it } from 'vitest';
import { assertGroup, assertReadable, silenceOf, topicError } from '../../../src/topic/topic-errors.ts';
import { HEALTHY } from '../../support/sink/fake-producer.ts';

const PLACE = { endpoint: 'mq:8081', topic: 'order-binlog', namespace: '', group: 'bigdata' };
const failed = (code: number | undefined, text: string): Error =>
  new Error('Startup failed', { cause: Object.assign(new Error(`[request-id=1, response-code=2] ${text}`), { code }) });

it.each([
  [40100, 'User:x is not found.', 'TOPIC_UNAUTHORIZED'],
  [40100, 'check signature failed.', 'TOPIC_UNAUTHORIZED'],
  [40300, 'User:x has no permission to access Group:bigdata', 'TOPIC_UNAUTHORIZED'],
  [40300, 'no readable queue', 'TOPIC_BUSY'],
  [40402, 'No topic route info in name server', 'TOPIC_MISSING'],
  [40403, 'no such group', 'GROUP_MISSING'],
  [50001, 'ProxyException: subscription group [bigdata] does not exist, \nSee', 'GROUP_MISSING'],
  [50001, 'broker is starting', 'TOPIC_BUSY'],
  [50400, 'timeout', 'TOPIC_BUSY'],
  [40000, 'The deadline time remaining is not enough for polling, please check', 'TOPIC_UNREACHABLE'],
  [40010, 'illegal', 'TOPIC_ERROR'],
  [14, 'No connection established', 'TOPIC_UNREACHABLE'],
  [4, 'Deadline exceeded', 'TOPIC_UNREACHABLE'],
  [12, 'UNIMPLEMENTED', 'TOPIC_ERROR'],
  [12, 'UNIMPLEMENTED: No message received', 'TOPIC_UNREACHABLE'],
  [16, 'who are you', 'TOPIC_UNAUTHORIZED'],
  [undefined, 'socket hang up', 'TOPIC_BUSY'],
])('takes status %s, "%s", for %s', (status, text, code) => {
  const error = topicError(failed(status, text), PLACE);
  expect(error).toMatchObject({ code });
  expect(error.message).toContain('rocketmq topic order-binlog, read by group bigdata, at mq:8081');
});

it('says what to do about rights, certificates and groups', () => {
  expect(topicError(failed(40100, 'x'), PLACE).remedy).toContain('-r Topic:order-binlog,Group:bigdata -a Sub');
  expect(topicError(failed(14, 'self-signed certificate'), PLACE).remedy).toContain('tls.ca');
  expect(topicError(failed(40403, 'x'), PLACE).remedy).toContain('updateSubGroup');
  expect(topicError(failed(40300, 'no readable queue'), PLACE).remedy).toContain('-t order-binlog -p 6');
  expect(topicError(failed(12, 'Received HTTP status code 404'), PLACE).remedy).toContain('mq:8081 is no gRPC proxy');
});

it.each([
  [{ isKnown: false, isOrdered: false, attempts: 0 }, 'GROUP_MISSING'],
  [{ isKnown: true, isOrdered: false, attempts: 1_000_000_001 }, 'GROUP_NOT_ORDERED'],
  [{ isKnown: true, isOrdered: true, attempts: 17 }, 'GROUP_GIVES_UP'],
  // One more than the largest integer, as the proxy adds it up: everything would go to the dead-letter queue.
  [{ isKnown: true, isOrdered: true, attempts: -2_147_483_648 }, 'GROUP_GIVES_UP'],
])('refuses a group such as %o: %s', (facts, code) => {
  const remedy = expect.stringContaining('-g bigdata -o true -r 1000000000') as string;
  expect(() => assertGroup(facts, PLACE)).toThrow(expect.objectContaining({ code, remedy }));
});

it('takes a group that is ordered and gives no message up', () => {
  assertGroup({ isKnown: true, isOrdered: true, attempts: 1_000_000_001 }, PLACE);
});

it('waits for a topic that may not be read, and says how it may', () => {
  const remedy = expect.stringContaining('updateTopicPerm') as string;
  expect(() => assertReadable({ ...HEALTHY, readableQueues: 0 }, PLACE)).toThrow(
    expect.objectContaining({ code: 'TOPIC_BUSY', remedy }),
  );
  assertReadable(HEALTHY, PLACE);
});

it('names the address that does not answer: that of the proxy, or what it calls itself', () => {
  expect(silenceOf(PLACE, 15_000, ['mq:8081']).message).toMatch(/: mq:8081 did not answer within 15000 ms\.$/);
  const error = silenceOf(PLACE, 15_000, ['172.17.0.2:8081']);
  expect(error.message).toContain('the proxy at mq:8081 names 172.17.0.2:8081 as its address');
  expect(error.remedy).toContain('Make 172.17.0.2:8081 reachable');
});
