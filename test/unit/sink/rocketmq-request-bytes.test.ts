import fc from 'fast-check';
import definitionPb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import servicePb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';
import { describe, expect, it } from 'vitest';
import { RequestBytes } from '../../../src/sink/rocketmq-request-bytes.ts';

interface Sent {
  readonly tag: string;
  readonly keys: string[];
  readonly body: Uint8Array;
}

function requestOf(messages: readonly Sent[]): servicePb.SendMessageRequest {
  const request = new servicePb.SendMessageRequest();
  for (const { tag, keys, body } of messages) {
    const message = new definitionPb.Message()
      .setTopic(new definitionPb.Resource().setName('order-binlog'))
      .setSystemProperties(new definitionPb.SystemProperties().setTag(tag).setKeysList(keys))
      .setBody(body);
    request.addMessages(message);
  }
  return request;
}

const read = (bytes: Uint8Array): servicePb.SendMessageRequest.AsObject =>
  servicePb.SendMessageRequest.deserializeBinary(bytes).toObject();

const sent = fc.record({
  tag: fc.string({ maxLength: 200 }),
  keys: fc.array(fc.string({ maxLength: 200 }), { maxLength: 5 }),
  body: fc.uint8Array({ maxLength: 300 }),
});

describe('RequestBytes', () => {
  it('writes what the generated code reads as the same request', () => {
    const requests = new RequestBytes();
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 3 }), (messages) => {
        const bytes = requests.write(requestOf(messages));
        expect(read(bytes)).toEqual(read(requestOf(messages).serializeBinary()));
        requests.recycle(bytes);
      }),
    );
  });

  it.each([0, 1, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152, 4 << 20])('writes a body of %i bytes', (size) => {
    const body = Buffer.alloc(size, 'order');
    const bytes = new RequestBytes().write(requestOf([{ tag: 't', keys: [], body }]));
    const [message] = servicePb.SendMessageRequest.deserializeBinary(bytes).getMessagesList();
    expect(body.equals(message?.getBody_asU8() ?? Buffer.from('none'))).toBe(true);
  });

  it('uses a buffer again that was recycled, and no other', () => {
    const requests = new RequestBytes();
    const request = (text: string): servicePb.SendMessageRequest =>
      requestOf([{ tag: 't', keys: [], body: Buffer.alloc(100_000, text) }]);
    const first = requests.write(request('a'));
    const second = requests.write(request('b'));
    expect(second.buffer).not.toBe(first.buffer);
    requests.recycle(first);
    const third = requests.write(request('c'));
    expect(third.buffer).toBe(first.buffer);
    expect(read(second)).toEqual(read(request('b').serializeBinary()));
    expect(read(third)).toEqual(read(request('c').serializeBinary()));
  });
});
