import { describe, expect, it } from 'vitest';
import { paced } from '../../../src/sink/paced.ts';
import type { OutboundMessage, Sink } from '../../../src/sink/sink.ts';
import { ManualClock, settled } from '../../support/sink/manual-clock.ts';

const message = (n: number): OutboundMessage => ({
  lane: 'lane-0',
  tag: 't',
  keys: [],
  properties: new Map(),
  body: Buffer.from(String(n)),
});

function start(requestsPerSecond: number): { sink: Sink; clock: ManualClock; begun: number[]; closed: () => boolean } {
  const begun: number[] = [];
  const clock = new ManualClock();
  let isClosed = false;
  const inner: Sink = {
    open: () => Promise.reject(new Error('not used')),
    send: ({ body }) =>
      isClosed ? Promise.reject(new Error('closed')) : Promise.resolve(void begun.push(Number(body))),
    close: () => Promise.resolve(void (isClosed = true)),
  };
  return { sink: paced(inner, requestsPerSecond, clock), clock, begun, closed: () => isClosed };
}

describe('paced', () => {
  it('lets sends begin at once while there are few', async () => {
    const { sink, clock, begun } = start(100);
    for (let n = 0; n < 200; n += 1) {
      void sink.send(message(n));
      await settled();
      expect(begun).toHaveLength(n + 1);
      await clock.advance(10);
    }
  });

  it('begins no more than its rate and one burst, in the order in which they came', async () => {
    const { sink, clock, begun } = start(100);
    for (let n = 0; n < 500; n += 1) void sink.send(message(n));
    await settled();
    const burst = begun.length;
    expect(burst).toBeLessThanOrEqual(33);
    for (let tenths = 1; tenths <= 20; tenths += 1) {
      for (let step = 0; step < 100; step += 1) await clock.advance(1);
      expect(begun.length).toBeLessThanOrEqual(burst + 10 * tenths + 1);
      expect(begun.length).toBeGreaterThanOrEqual(burst + 10 * tenths - 1);
    }
    expect(begun).toEqual([...begun.keys()]);
  });

  it('saves no more than one burst while it rests', async () => {
    const { sink, clock, begun } = start(100);
    await clock.advance(3_600_000);
    for (let n = 0; n < 500; n += 1) void sink.send(message(n));
    await settled();
    expect(begun.length).toBeLessThanOrEqual(33);
  });

  it('makes Node warn of no leak while many lanes wait', async () => {
    const warnings: string[] = [];
    const listen = ({ message: text }: Error): void => void warnings.push(text);
    process.on('warning', listen);
    const { sink, clock } = start(1);
    const sends = Array.from({ length: 96 }, (_, n) => sink.send(message(n)));
    await new Promise(setImmediate);
    expect(clock.sleeping).toBeGreaterThan(10);
    process.off('warning', listen);
    await sink.close();
    await Promise.allSettled(sends);
    expect(warnings).toEqual([]);
  });

  it('leaves no send waiting when it is closed', async () => {
    const { sink, clock, closed } = start(1);
    const sends = Array.from({ length: 60 }, (_, n) => sink.send(message(n)));
    const all = Promise.allSettled(sends);
    await settled();
    expect(clock.sleeping).toBeGreaterThan(0);
    await sink.close();
    expect(closed()).toBe(true);
    expect((await all).at(-1)).toMatchObject({ status: 'rejected' });
    expect(clock.sleeping).toBe(0);
  });
});
