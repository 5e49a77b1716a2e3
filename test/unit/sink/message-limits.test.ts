import { describe, expect, test } from 'vitest';
import { assertSendable, maxBodyBytes } from '../../../src/sink/message-limits.ts';
import type { OutboundMessage } from '../../../src/sink/sink.ts';
import { message } from '../../support/sink/messages.ts';

const properties = (count: number, valueBytes = 1): Map<string, string> =>
  new Map(Array.from({ length: count }, (_, index) => [`p${index}`, 'v'.repeat(valueBytes)]));

describe('assertSendable', () => {
  test.each<[string, Partial<OutboundMessage>]>([
    ['a plain message', {}],
    ['a lane of 63 bytes', { lane: 'l'.repeat(63) }],
    ['no keys', { keys: [] }],
    ['126 properties', { properties: properties(126) }],
    ['the greatest body', { body: Buffer.alloc(4 * 1024 * 1024 - 64 * 1024, 0x20) }],
    ['text outside ASCII', { tag: 'bücher.bestellungen', keys: ['größe'] }],
  ])('takes %s', (_, change) => {
    expect(() => assertSendable(message('lane-0', 1, change))).not.toThrow();
  });

  test.each<[Partial<OutboundMessage>, string]>([
    [{ lane: 'l'.repeat(64) }, "the lane's name has 64 bytes"],
    [{ lane: '道'.repeat(22) }, "the lane's name has 66 bytes"],
    [{ lane: ' ' }, "the lane's name is blank"],
    [{ lane: 'a\nb' }, "the lane's name holds a control character"],
    [{ tag: '' }, 'the tag is blank'],
    [{ tag: 'a|b' }, 'the tag holds a |'],
    [{ tag: 'a\u0000' }, 'the tag holds a control character'],
    [{ keys: ['1', ''] }, 'key 1 is blank'],
    [{ keys: ['1', '2 3'] }, 'key 1 holds a space'],
    [{ keys: ['1\t'] }, 'key 0 holds a control character'],
    [{ properties: properties(127) }, 'it has 127 properties'],
    [{ properties: properties(100, 200) }, 'tag, keys and properties have'],
    [{ keys: Array.from({ length: 1000 }, () => 'k'.repeat(16)) }, 'tag, keys and properties have'],
    [{ properties: new Map([['KEYS', 'x']]) }, "property KEYS is RocketMQ's own"],
    [{ properties: new Map([['__SHARDINGKEY', 'x']]) }, "property __SHARDINGKEY is RocketMQ's own"],
    [{ properties: new Map([[' ', 'x']]) }, 'the name of a property is blank'],
    [{ properties: new Map([['a', 'x\u0085']]) }, 'property a holds a control character'],
    [{ body: Buffer.alloc(0) }, 'the body is empty'],
    [{ body: Buffer.alloc(4 * 1024 * 1024) }, 'the body has 4194304 bytes'],
  ])('refuses %#: %s', (change, problem) => {
    expect(() => assertSendable(message('lane-0', 1, change))).toThrow(
      expect.objectContaining({ code: 'SINK_REJECTED', message: expect.stringContaining(problem) as string }),
    );
  });

  test('keeps to what the proxy announces', () => {
    const large = message('lane-0', 1, { body: Buffer.alloc(4 * 1024 * 1024, 0x20) });
    expect(() => assertSendable(large, maxBodyBytes(8 << 20))).not.toThrow();
    const small = message('lane-0', 1, { body: Buffer.alloc(1 << 20, 0x20) });
    expect(() => assertSendable(small, maxBodyBytes(1 << 20))).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('maxMessageSize') as string }),
    );
  });

  test('does not repeat the value of a key', () => {
    expect(() => assertSendable(message('lane-0', 1, { keys: ['card 4111'] }))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('4111') as string }),
    );
  });
});
