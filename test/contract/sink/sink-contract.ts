import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sink } from '../../../src/sink/sink.ts';
import { expectNoNewHandles, handles } from '../../support/sink/handles.ts';
import { message, numbersByLane, sendAll } from '../../support/sink/messages.ts';

export interface SinkBench {
  /** Not open yet. */
  readonly sink: Sink;
  /** The bodies that arrived, in the order of each lane; waits until there are `count`. */
  received(count: number): Promise<readonly string[]>;
  /** Ends what the test started beside the sink. */
  dispose(): Promise<void>;
}

/** What src/sink/sink.ts promises, for every sink. */
export function describeSinkContract(name: string, createBench: () => Promise<SinkBench>): void {
  describe(`${name} keeps the contract of a sink`, () => {
    let bench: SinkBench;
    beforeEach(async () => {
      bench = await createBench();
    });
    afterEach(async () => {
      await bench.sink.close();
      await bench.dispose();
    });

    test('open says where to, and names lanes that never change', async () => {
      const { sink } = bench;
      const info = await sink.open();
      expect(info.destination).not.toBe('');
      expect(info.queues).toBeGreaterThan(0);
      const names = info.laneNames(16);
      expect(new Set(names).size).toBe(16);
      expect(info.laneNames(16)).toEqual(names);
    });

    test('every message arrives once and in the order of its lane', async () => {
      const { sink } = bench;
      const lanes = (await sink.open()).laneNames(4);
      await sendAll(sink, lanes, 25);
      const arrived = numbersByLane(await bench.received(100));
      const inOrder = Array.from({ length: 25 }, (_, number) => number);
      expect(arrived).toEqual(new Map([...lanes].map((lane) => [lane, inOrder])));
    });

    test('a body arrives byte for byte', async () => {
      const { sink } = bench;
      const [lane = ''] = (await sink.open()).laneNames(1);
      const body = JSON.stringify({ lane, number: 1, text: 'Größe 道 🚀 \\u0000 ' + 'x'.repeat(300_000) });
      await sink.send(message(lane, 1, { body: Buffer.from(body) }));
      expect(await bench.received(1)).toEqual([body]);
    });

    test('after close it takes nothing more and nothing of it is left', async () => {
      const { sink } = bench;
      const before = handles();
      const [lane = ''] = (await sink.open()).laneNames(1);
      await sink.send(message(lane, 0));
      const startMs = performance.now();
      await Promise.all([sink.close(), sink.close()]);
      expect(performance.now() - startMs).toBeLessThan(5000);
      await expect(sink.send(message(lane, 1))).rejects.toMatchObject({ code: 'SINK_CLOSED' });
      await expectNoNewHandles(before);
    });

    test('close without open is nothing', async () => {
      await expect(bench.sink.close()).resolves.toBeUndefined();
    });
  });
}
