/** src/relay/intake on damaged streams: whatever is wrong, nothing wrong is published. */
import { describe, expect, it } from 'vitest';
import { HEADER_BYTES } from '../../../src/binlog/wire/event-header.ts';
import { fixtureEvents } from '../../support/binlog-fixture.ts';
import { cutTo, DamageBench, streamOf, withByte } from '../../support/damage.ts';
import { EARLIEST } from '../../support/flow.ts';

/** Every kind of event and value, once. */
const FIXTURES = ['values.9.7', 'partial-json.9.7', 'compressed.9.7', 'tagged.9.7', 'xa.9.7', 'xa-compressed.9.7', 'anonymous.9.7', 'rows-v1.8.0']; // prettier-ignore
const MAX_HELD_BYTES = 16 << 20;
/** Some seconds are enough, but not on a machine that has other things to do. */
const TIMEOUT_MS = 60_000;

type Damage = (event: Buffer) => Iterable<Buffer>;

/** Reads the fixture once for each way to damage each of its events. */
async function damaged(name: string, damage: Damage): Promise<DamageBench> {
  const stream = streamOf(fixtureEvents(name));
  const start = name.startsWith('anonymous') ? { ...EARLIEST, gtidSet: undefined } : EARLIEST;
  const bench = new DamageBench(stream, { start });
  // What was left of an XA branch shows when it is committed.
  const behind = name.startsWith('xa') ? 2 : 0;
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const [n, transaction] of stream.transactions.entries()) {
    for (const [i, event] of transaction.entries()) {
      const body = event.bytes.toString('latin1', HEADER_BYTES);
      if (seen.has(body)) continue;
      seen.add(body);
      let count = 0;
      for (const bytes of damage(event.bytes)) {
        const code = bench.read(n, i, bytes, behind);
        if (code === 'INTERNAL') wrong.push(`transaction ${n}, ${event.name}, damage ${count}`);
        count += 1;
      }
      await bench.drain();
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(bench.maxHeldBytes).toBeLessThan(MAX_HELD_BYTES);
  return bench;
}

describe.each(FIXTURES)('damage that no checksum shows, in %s', { timeout: TIMEOUT_MS }, (name) => {
  it('is refused or a row, when an event is cut at any byte', async () => {
    const bench = await damaged(name, function* (event) {
      for (let size = 0; size < event.length; size += 1) yield cutTo(event, size);
    });
    expect(bench.outcomes.get('BINLOG_DECODE')).toBeGreaterThan(100);
  });

  it('is refused or a row, when any byte is another', async () => {
    const bench = await damaged(name, function* (event) {
      for (let at = 0; at < event.length; at += 1) {
        const byte = event.readUInt8(at);
        yield withByte(event, at, byte ^ (1 << (at & 7)));
        yield withByte(event, at, byte === 0xff ? 0 : 0xff);
      }
    });
    expect(bench.outcomes.get('BINLOG_DECODE')).toBeGreaterThan(100);
  });
});
