import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventSize, eventType } from '../../src/binlog/wire/event-header.ts';
import { eventName } from '../../src/binlog/wire/event-types.ts';

export interface FixtureEvent {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The events of test/fixtures/binlog/`name`.bin, each in a buffer of its own. */
export function fixtureEvents(name: string): FixtureEvent[] {
  const file = readFileSync(join(import.meta.dirname, '../fixtures/binlog', `${name}.bin`));
  const events: FixtureEvent[] = [];
  for (let at = 0; at < file.length; at += eventSize(file, at)) {
    const bytes = Buffer.from(file.subarray(at, at + eventSize(file, at)));
    events.push({ name: eventName(eventType(bytes, 0)), bytes });
  }
  return events;
}

/** The bytes of the `n`-th event called `name`. */
export function fixtureEvent(fixture: string, name: string, n = 0): Buffer {
  const found = fixtureEvents(fixture).filter((event) => event.name === name)[n];
  if (found === undefined) throw new Error(`${fixture} has no ${name} ${n}`);
  return found.bytes;
}

/** An event made by hand: header, body, no checksum. */
export function madeEvent(
  type: number,
  body: Buffer,
  header: { timestamp?: number; next?: number; flags?: number } = {},
): Buffer {
  const event = Buffer.alloc(19 + body.length);
  event.writeUInt32LE(header.timestamp ?? 0, 0);
  event.writeUInt8(type, 4);
  event.writeUInt32LE(event.length, 9);
  event.writeUInt32LE(header.next ?? 0, 13);
  event.writeUInt16LE(header.flags ?? 0, 17);
  body.copy(event, 19);
  return event;
}

/** As a server with binlog_checksum=NONE sends it. */
export function withoutChecksum({ name, bytes }: FixtureEvent): FixtureEvent {
  if (name === 'FORMAT_DESCRIPTION') {
    const format = Buffer.from(bytes);
    format.writeUInt8(0, format.length - 5);
    return { name, bytes: format };
  }
  const event = Buffer.from(bytes.subarray(0, -4));
  event.writeUInt32LE(event.length, 9);
  return { name, bytes: event };
}

/** The code of the RelayError that `task` throws; undefined when it throws none; anything else is thrown on. */
export function codeOf(task: () => unknown): string | undefined {
  try {
    task();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'RelayError' && 'code' in thrown) return String(thrown.code);
    throw thrown;
  }
}
