import { describe, expect, test } from 'vitest';
import type { Code } from '../../../src/base/error-codes.ts';
import { RelayError } from '../../../src/base/errors.ts';
import { createTopicCommand, destinationOf } from '../../../src/rocketmq/place.ts';
import { brokerError, namedMessage } from '../../../src/sink/rocketmq-errors.ts';
import { message } from '../../support/sink/messages.ts';

const place = { endpoint: 'proxy:8081', topic: 'order-binlog', namespace: '' };
const broker = (code: number, text: string): Error => Object.assign(new Error(text), { code });
const answered = (code: number, text = 'text'): Error =>
  broker(code, `[request-id=undefined, response-code=${code}] ${text}`);

describe('brokerError', () => {
  test.each<[Error, 'open' | 'send', Code]>([
    [broker(14, '14 UNAVAILABLE: No connection established'), 'send', 'SINK_UNREACHABLE'],
    [broker(4, '4 DEADLINE_EXCEEDED'), 'send', 'SINK_UNREACHABLE'],
    [broker(1, '1 CANCELLED'), 'send', 'SINK_UNREACHABLE'],
    [broker(13, '13 INTERNAL: Received RST_STREAM'), 'send', 'SINK_UNREACHABLE'],
    [broker(12, '12 UNIMPLEMENTED'), 'open', 'SINK_ERROR'],
    [broker(12, '12 UNIMPLEMENTED'), 'send', 'SINK_ERROR'],
    // An answer that was damaged on the way.
    [broker(12, '12 UNIMPLEMENTED: No message received'), 'send', 'SINK_UNREACHABLE'],
    [broker(8, '8 RESOURCE_EXHAUSTED'), 'send', 'SINK_BUSY'],
    [answered(40402), 'open', 'SINK_TOPIC_MISSING'],
    [answered(40402), 'send', 'SINK_BUSY'],
    [answered(40100, 'check signature failed.'), 'open', 'SINK_UNAUTHORIZED'],
    [answered(40300), 'send', 'SINK_UNAUTHORIZED'],
    [answered(40300, 'User:relay has no permission to access Topic:t'), 'send', 'SINK_UNAUTHORIZED'],
    [answered(40300, 'org.apache.rocketmq.proxy.common.ProxyException: no writable queue'), 'send', 'SINK_BUSY'],
    [answered(40004), 'send', 'SINK_REJECTED'],
    [answered(41302), 'send', 'SINK_REJECTED'],
    [answered(43100), 'send', 'SINK_REJECTED'],
    [answered(42800), 'send', 'SINK_BUSY'],
    [answered(50100), 'send', 'SINK_REJECTED'],
    [answered(59900), 'send', 'SINK_ERROR'],
    [answered(61234), 'send', 'SINK_ERROR'],
    [answered(40800), 'send', 'SINK_UNREACHABLE'],
    [answered(42900), 'send', 'SINK_BUSY'],
    [answered(50001, 'service not available now, the disk is full'), 'send', 'SINK_BUSY'],
    [answered(50001, 'the broker[127.0.0.1:10911] sending message is forbidden'), 'send', 'SINK_BUSY'],
    [answered(50001, 'message body size exceeded'), 'send', 'SINK_REJECTED'],
    [answered(50002), 'send', 'SINK_BUSY'],
    [answered(50401), 'send', 'SINK_BUSY'],
    [answered(50500), 'send', 'SINK_REJECTED'],
    [new TypeError('Current message type not match with topic accept message types'), 'send', 'SINK_TOPIC_NOT_FIFO'],
    [answered(40016, 'TopicMessageType validate failed'), 'send', 'SINK_TOPIC_NOT_FIFO'],
    [new TypeError('Message body size exceeds the threshold'), 'send', 'SINK_REJECTED'],
    [new RangeError('The value of "max" is out of range'), 'send', 'SINK_BUSY'],
  ])('%s while %s is %s', (thrown, phase, code) => {
    expect(brokerError(thrown, place, phase).code).toBe(code);
  });

  test('looks behind the wrapping of the client and shows the words of the broker, but not the name of the user', () => {
    const inner = answered(40100, 'User:relay is not found.');
    const wrapped = new Error('Startup the rocketmq client failed', {
      cause: new Error('Failed to fetch topic routes after 3 attempts', { cause: inner }),
    });
    const error = brokerError(wrapped, place, 'open');
    expect(error.code).toBe('SINK_UNAUTHORIZED');
    expect(error.message).toBe('rocketmq topic order-binlog at proxy:8081: User:*** is not found.');
    expect(error.details).toEqual({ status: 40100 });
    expect(error.remedy).toContain('mqadmin createAcl');
  });

  test('names the exact command for a topic that is missing', () => {
    expect(brokerError(answered(40402), place, 'open').remedy).toContain(
      '-t order-binlog -r 8 -w 8 -a +message.type=FIFO -o true',
    );
    expect(createTopicCommand(place)).toMatch(/^mqadmin updateTopic -n /);
  });

  test('speaks of sink.tls.ca when the certificate is the trouble', () => {
    const thrown = broker(14, '14 UNAVAILABLE: No connection established. Last error: Error: self-signed certificate');
    expect(brokerError(thrown, place, 'open').remedy).toContain('sink.tls.ca');
  });

  test('says which setting of the broker lets it take a message again', () => {
    const readOnly = answered(50001, 'the broker[127.0.0.1:10911] sending message is forbidden');
    expect(brokerError(readOnly, place, 'send').remedy).toContain('-k brokerPermission -v 6');
    // RocketMQ 5.3.3
    const tooLarge = answered(
      50001,
      'the message is illegal, maybe msg body or properties length not matched. msg body length limit 2000B',
    );
    expect(brokerError(tooLarge, place, 'send')).toMatchObject({
      code: 'SINK_REJECTED',
      remedy: expect.stringContaining('Raise maxMessageSize') as unknown,
    });
  });

  test('names a message that will never be taken, and no other', () => {
    const sent = message('lane-0', 1, {
      properties: new Map([
        ['first', 'uuid:23#0'],
        ['last', 'uuid:24#7'],
      ]),
    });
    const rejected = new RelayError('SINK_REJECTED', 'too large.', { remedy: 'Do this.' });
    expect(namedMessage(rejected, sent)).toMatchObject({
      message: 'too large. (changes uuid:23#0 to uuid:24#7 of shop.orders)',
      remedy: 'Do this.',
    });
    const busy = new RelayError('SINK_BUSY', 'later');
    expect(namedMessage(busy, sent)).toBe(busy);
  });

  test('leaves an error of the relay as it is', () => {
    const error = new RelayError('SINK_CA_UNREADABLE', 'x');
    expect(brokerError(error, place, 'open')).toBe(error);
  });
});

test('destinationOf names the namespace if there is one', () => {
  expect(destinationOf(place)).toBe('rocketmq topic order-binlog');
  expect(destinationOf({ ...place, namespace: 'prod' })).toBe('rocketmq topic order-binlog in namespace prod');
});
