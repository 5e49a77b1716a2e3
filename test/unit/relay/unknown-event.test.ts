/** src/relay/intake/without-rows.ts. */
import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../src/base/errors.ts';
import { crc32 } from '../../../src/binlog/wire/checksum.ts';
import { fixtureEvents } from '../../support/binlog-fixture.ts';
import { TestFlow } from '../../support/flow.ts';

const IGNORABLE = 0x80;
const UNKNOWN_TYPE = 200;
describe('an event of a type that no MySQL of today writes (invariant 6)', () => {
  it('stops the relay, naming it', () => {
    expect(codeAfter(unknownEvent(0))).toBe('BINLOG_UNSUPPORTED');
  });

  it('is passed when the server says that it may be ignored', () => {
    expect(codeAfter(unknownEvent(IGNORABLE))).toBeUndefined();
  });
});

/** Between the events that every dump begins with and the first transaction. */
function codeAfter(event: Buffer): string | undefined {
  const events = fixtureEvents('shop.9.7');
  const flow = new TestFlow();
  flow.read(events.slice(0, 3));
  try {
    flow.intake.event(event, 0, event.length);
    return undefined;
  } catch (error) {
    return error instanceof RelayError ? error.code : String(error);
  }
}

function unknownEvent(flags: number): Buffer {
  const event = Buffer.alloc(19 + 5 + 4);
  event.writeUInt8(UNKNOWN_TYPE, 4);
  event.writeUInt32LE(1, 5);
  event.writeUInt32LE(event.length, 9);
  event.writeUInt16LE(flags, 17);
  event.writeUInt32LE(crc32(event, 0, event.length - 4), event.length - 4);
  return event;
}
