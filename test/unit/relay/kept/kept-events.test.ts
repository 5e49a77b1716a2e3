import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { KeptEvents } from '../../../../src/relay/kept/kept-events.ts';
import { createSpillFile } from '../../../../src/relay/kept/spill-file.ts';
import { madeEvent } from '../../../support/binlog-fixture.ts';

const MEMORY_BYTES = 10_000;

function keptEvents(): { readonly kept: KeptEvents; readonly held: { bytes: number }; readonly files: () => number } {
  const held = { bytes: 0 };
  let files = 0;
  const kept = new KeptEvents({
    held,
    memoryBytes: MEMORY_BYTES,
    createSpillFile: () => {
      files += 1;
      return createSpillFile(tmpdir());
    },
  });
  return { kept, held, files: () => files };
}

const event = (n: number, sizeBytes = 100): Buffer => madeEvent(EVENT.WRITE_ROWS, Buffer.alloc(sizeBytes, n));

it('does not wait for the end of a read with more than memory may hold: inflated events can be any number', () => {
  const { kept, held, files } = keptEvents();
  for (let n = 0; n < 1000; n += 1) {
    const b = event(n);
    kept.add(b, 0, b.length);
    expect(held.bytes).toBeLessThan(20 * MEMORY_BYTES);
  }
  expect(files()).toBe(1);
  const bodies: number[] = [];
  kept.forEach((b, start, end) => {
    expect(end - start).toBe(119);
    bodies.push(b[end - 1] ?? -1);
  });
  expect(bodies).toEqual(Array.from({ length: 1000 }, (_, n) => n & 0xff));
  kept.release();
  expect(held.bytes).toBe(0);
});

it('takes no memory of its own for events that are over before the read is', () => {
  const { kept, held, files } = keptEvents();
  for (let transaction = 0; transaction < 100; transaction += 1) {
    for (let n = 0; n < 5; n += 1) {
      const b = event(n);
      kept.add(b, 0, b.length);
    }
    expect([held.bytes, kept.sizeBytes]).toEqual([0, 5 * 119]);
    kept.clear();
  }
  kept.settle();
  expect([held.bytes, files(), kept.isEmpty]).toEqual([0, 0, true]);
  kept.release();
});
