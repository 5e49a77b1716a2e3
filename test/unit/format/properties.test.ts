import { expect, it } from 'vitest';
import { messageKey, tagOf } from '../../../src/format/properties.ts';
import { assertSendable } from '../../../src/sink/message-limits.ts';

/** Every character that the client takes for blank, and the byte order mark among them. */
const BLANK = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((c) => c.trim() === '');

it('makes a key of blanks, whichever, one that the broker takes', () => {
  expect(BLANK).toContain('\ufeff');
  for (const blank of BLANK) {
    const keys = [messageKey(blank), messageKey(`${blank}${blank}`), messageKey(`a${blank}b`)];
    const message = { lane: 'lane-0', tag: tagOf(blank, blank), keys, properties: new Map(), body: Buffer.from('x') };
    expect(() => assertSendable(message)).not.toThrow();
    expect(keys.map((key) => decodeURIComponent(key))).toEqual([blank, blank + blank, `a${blank}b`]);
  }
});
