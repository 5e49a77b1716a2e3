/** The whole way of a row while relay, MySQL and broker are killed. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Exit } from '../../dev/daemon-process.ts';
import type { RelayProcess } from '../../dev/relay-process.ts';
import { Randomness } from '../../dev/shop.ts';
import { Pipeline } from '../support/pipeline.ts';

const STOP_TIMEOUT_MS = 5000;
/** Closing sink and source, storing the checkpoint, and a machine that is busy. */
const MARGIN_MS = 7000;
const KILLS = 5;
const SEED = 20_261_123;

let pipeline: Pipeline;

beforeEach(async () => {
  pipeline = await Pipeline.create({ limits: { stopTimeout: `${STOP_TIMEOUT_MS}ms` } });
});
afterEach(() => pipeline.remove());

it('keeps the copy equal when it is killed at any moment', async () => {
  const random = new Randomness(SEED);
  await (await pipeline.startRelay()).ready();
  const load = pipeline.load(400);
  for (let kill = 0; kill < KILLS; kill += 1) {
    await ms(200 + random.below(1500));
    await pipeline.relay.kill9();
    const relay = await pipeline.startRelay();
    // Every other time the next kill may fall into the start itself.
    if (kill % 2 === 0) await relay.ready();
  }
  await ms(1000);
  const { transactions } = await load.stop();
  const rows = await pipeline.expectEqual();
  const { changes, messages, messagesRepeated, changesRepeated } = pipeline.reader.counts;
  console.log(
    `kill -9 x ${KILLS}: ${transactions} transactions, ${changes} changes in ${messages} messages, ${rows} rows compared; sent twice: ${messagesRepeated} messages, ${changesRepeated} changes`,
  );
  // One for each start that was waited for, at least.
  expect((await pipeline.relay.health())?.epoch).toBeGreaterThanOrEqual(4);
  expect(changesRepeated).toBeGreaterThan(0);
});

it('delivers what it holds when it is asked to stop, and repeats nothing after the next start', async () => {
  await (await pipeline.startRelay()).ready();
  const load = pipeline.load(300);
  await ms(2000);
  expect(await exitWithin(pipeline.relay, 'SIGINT', STOP_TIMEOUT_MS + MARGIN_MS)).toEqual({ code: 0, signal: null });
  await ms(500);
  await pipeline.startRelay();
  await ms(500);
  await load.stop();
  await pipeline.expectEqual();
  const { changes, messagesRepeated, changesRepeated } = pipeline.reader.counts;
  expect(changes).toBeGreaterThan(0);
  expect({ messagesRepeated, changesRepeated }).toEqual({ messagesRepeated: 0, changesRepeated: 0 });
});

it('ends by itself after SIGTERM, idle as it is: nothing keeps the process alive', async () => {
  await (await pipeline.startRelay()).ready();
  expect(await exitWithin(pipeline.relay, 'SIGTERM', MARGIN_MS)).toEqual({ code: 0, signal: null });
  expect(await pipeline.relay.log()).toContain('"stopped"');
});

async function exitWithin(relay: RelayProcess, signal: NodeJS.Signals, timeoutMs: number): Promise<Exit | undefined> {
  relay.signal(signal);
  return Promise.race([relay.exited, ms(timeoutMs).then(() => undefined)]);
}

const ms = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n));
