/** src/relay/lanes: outbox, lane and packer, when every lane is to say how far it is. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RowChange } from '../../../../src/change/change.ts';
import { tableFilter } from '../../../../src/change/table-filter.ts';
import { canalJson } from '../../../../src/format/canal-json.ts';
import { LowWaterMark } from '../../../../src/relay/progress/low-water-mark.ts';
import { Outbox } from '../../../../src/relay/lanes/outbox.ts';
import { ChangeCounter } from '../../../../src/relay/tables/change-counter.ts';
import { PlanMemory } from '../../../../src/relay/tables/plan-memory.ts';
import { TablePlan } from '../../../../src/relay/tables/table-plan.ts';
import type { OutboundMessage } from '../../../../src/sink/sink.ts';
import type { MessageBody, ProgressBody } from '../../../support/replay.ts';
import { HELD } from '../../../support/flow.ts';
import { imageOf, intColumn } from '../../../support/row-images.ts';
import { ManualClock } from '../../../support/sink/manual-clock.ts';

const LANES = 3;
const KEYS = 12;

const filter = tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [] });
const id = intColumn(0, 'id');
const plans = ['a', 'b'].map(
  (name) =>
    new TablePlan(
      { database: 'shop', name, columns: [id], primaryKey: [{ column: id, prefix: 0 }] },
      { counter: new ChangeCounter(), memory: new PlanMemory() },
      { filter, ordering: 'key', format: canalJson },
    ),
);

/** Lanes whose requests end one by one, when the test wants it. */
class Lanes {
  readonly sent: OutboundMessage[] = [];
  readonly waiting: (() => void)[] = [];
  readonly outbox: Outbox;
  transactions = 0;
  readonly #lowWater = new LowWaterMark({ file: 'binlog.000001', offset: 4, gtidSet: undefined });

  constructor(messageBytes: number) {
    this.outbox = new Outbox({
      sink: {
        open: () => Promise.reject(new Error('not used')),
        send: (message) => {
          this.sent.push({ ...message, body: Buffer.from(message.body) });
          return new Promise((resolve) => this.waiting.push(resolve));
        },
        close: () => Promise.resolve(),
      },
      format: canalJson,
      laneNames: Array.from({ length: LANES }, (_, lane) => `lane-${lane}`),
      lowWater: this.#lowWater,
      stream: '0000abcd',
      epoch: 1,
      resume: 'start',
      messageBytes,
      maxBodyBytes: 5000,
      oversize: 'fail',
      requestsPerSecond: Infinity,
      messageKeys: 'none',
      clock: new ManualClock(),
      random: () => 0,
      giveUp: new AbortController().signal,
      isSinkProven: () => true,
      right: HELD,
      onAcknowledged: () => undefined,
      onProgressAcknowledged: () => undefined,
      onPassable: () => undefined,
      onMarked: () => undefined,
      onRetry: () => undefined,
      onUndeliverable: (error) => {
        throw error;
      },
    });
  }

  /** A transaction that changes these keys. */
  commit(keys: readonly number[]): void {
    this.transactions += 1;
    const transaction = { source: 'uuid', number: String(this.transactions), gno: undefined, commitTimeMs: 0 };
    for (const [n, key] of keys.entries()) {
      const classes = plans[key % plans.length]?.classes;
      const image = imageOf([key]);
      const change: RowChange = {
        transaction: { ...transaction, commitTimeMs: new ManualClock().now() },
        serial: this.transactions,
        n,
        isInsertHalf: false,
        row: { laneHash: key, keyHash: key, isAnyKey: false },
        image,
        start: 0,
        end: image.length,
        before: 0,
      };
      const messageClass = (this.transactions + key) % 2 === 0 ? classes?.insert('uuid') : classes?.delete('uuid');
      if (messageClass !== undefined) this.outbox.add(messageClass, change, undefined);
    }
    this.#lowWater.commit('binlog.000001', 4 + this.transactions, 'uuid', undefined);
  }

  say(): void {
    const position = `binlog.000001:${this.transactions}`;
    this.outbox.say({ source: 'progress/1', change: '1#0', position, gtidSet: '', asOfMs: 1 });
  }

  async acknowledge(which: number): Promise<void> {
    const [done] = this.waiting.splice(which % Math.max(1, this.waiting.length), 1);
    done?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.nat({ max: KEYS - 1 }), { maxLength: 6 }) },
  { weight: 2, arbitrary: fc.constant('say' as const) },
  { weight: 2, arbitrary: fc.constant('flush' as const) },
  { weight: 6, arbitrary: fc.nat({ max: LANES }) },
);

it('no row joins a message before one that says how far the lane is, and none is behind it that should be before (invariant 21)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 120, size: 'max' }),
      fc.constantFrom(300, 64 << 10),
      async (steps, messageBytes) => {
        const lanes = new Lanes(messageBytes);
        for (const next of steps) {
          if (next === 'say') lanes.say();
          else if (next === 'flush') lanes.outbox.flush();
          else if (typeof next === 'number') await lanes.acknowledge(next);
          else lanes.commit(next);
        }
        lanes.say();
        lanes.outbox.flush();
        while (lanes.waiting.length > 0) await lanes.acknowledge(0);
        expect(lanes.outbox.isEmpty).toBe(true);
        expect(lanes.outbox.held.bytes).toBe(0);
        for (let lane = 0; lane < LANES; lane += 1)
          expectExact(lanes.sent.filter((message) => message.lane === `lane-${lane}`));
      },
    ),
    { numRuns: 200 },
  );
});

/** Between two progress messages of a lane stand rows of the transactions between, and no others. */
function expectExact(messages: readonly OutboundMessage[]): void {
  let said = 0;
  let newest = 0;
  for (const { body } of messages) {
    const message = JSON.parse(body.toString()) as MessageBody | ProgressBody;
    if ('progress' in message) {
      said = Number(message.position.split(':')[1]);
      expect(newest).toBeLessThanOrEqual(said);
      continue;
    }
    for (const change of message.changes) {
      const transaction = Number(change.split('#')[0]);
      expect(transaction).toBeGreaterThan(said);
      newest = Math.max(newest, transaction);
    }
  }
}
