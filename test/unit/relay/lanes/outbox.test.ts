/** src/relay/lanes: outbox, lane, turns, seal, delivery, message-keys, row-too-large. */
import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import type { RowChange } from '../../../../src/change/change.ts';
import { tableFilter } from '../../../../src/change/table-filter.ts';
import { canalJson } from '../../../../src/format/canal-json.ts';
import type { PublishedDdl } from '../../../../src/format/format.ts';
import { ChangeCounter } from '../../../../src/relay/tables/change-counter.ts';
import { LowWaterMark } from '../../../../src/relay/progress/low-water-mark.ts';
import { Outbox, type OutboxOptions } from '../../../../src/relay/lanes/outbox.ts';
import { PlanMemory } from '../../../../src/relay/tables/plan-memory.ts';
import { TablePlan } from '../../../../src/relay/tables/table-plan.ts';
import type { OutboundMessage } from '../../../../src/sink/sink.ts';
import { imageOf, intColumn, varcharColumn } from '../../../support/row-images.ts';
import { HELD } from '../../../support/flow.ts';
import { ManualClock, settled } from '../../../support/sink/manual-clock.ts';

const MESSAGE_BYTES = 1000;
const MAX_BODY_BYTES = 5000;
const REJECTED = new RelayError('SINK_REJECTED', 'never');

const filter = tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [] });
const columns = [intColumn(0, 'id'), varcharColumn(1, 'note')];

/** When the clock of these tests begins. */
const NOW_MS = new ManualClock().now();

const DDL: PublishedDdl = {
  type: 'ALTER',
  database: 'shop',
  tables: [],
  sql: 'ALTER TABLE orders ADD a INT',
  source: 'uuid',
  change: '24#ddl0',
  gtid: '',
  position: 'binlog.000001:4',
  commitTimeMs: NOW_MS,
};

/** One lane without a broker: what it sends, and what it says cannot be delivered. */
class OutboxRun {
  readonly sent: OutboundMessage[] = [];
  readonly undeliverable: unknown[] = [];
  readonly marked: (readonly string[])[] = [];
  readonly lowWater = new LowWaterMark({ file: 'binlog.000001', offset: 4, gtidSet: undefined });
  readonly outbox: Outbox;
  readonly #plan: TablePlan;

  constructor(options: Partial<OutboxOptions> = {}) {
    const format = options.format ?? canalJson;
    this.#plan = new TablePlan(
      { database: 'shop', name: 'orders', columns, primaryKey: [{ column: intColumn(0, 'id'), prefix: 0 }] },
      { counter: new ChangeCounter(), memory: new PlanMemory() },
      { filter, ordering: 'key', format },
    );
    this.outbox = new Outbox({
      sink: {
        open: () => Promise.reject(new Error('not used')),
        send: (message) => Promise.resolve(void this.sent.push({ ...message, body: Buffer.from(message.body) })),
        close: () => Promise.resolve(),
      },
      format,
      laneNames: ['lane-0'],
      lowWater: this.lowWater,
      stream: '0000abcd',
      epoch: 1,
      resume: 'start',
      messageBytes: MESSAGE_BYTES,
      maxBodyBytes: MAX_BODY_BYTES,
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
      onMarked: (_, marks) => void this.marked.push(marks),
      onRetry: () => undefined,
      onUndeliverable: (error) => void this.undeliverable.push(error),
      ...options,
    });
  }

  insert(id: number, note: string, keyHash = id, commitTimeMs = NOW_MS): void {
    const image = imageOf([id, note]);
    const change: RowChange = {
      transaction: { source: 'uuid', number: '23', gno: 23n, commitTimeMs },
      serial: 1,
      n: id,
      isInsertHalf: false,
      row: { laneHash: 0, keyHash, isAnyKey: false },
      image,
      start: 0,
      end: image.length,
      before: 0,
    };
    this.outbox.add(this.#plan.classes.insert('uuid'), change, undefined);
  }

  async idsOfMessages(): Promise<string[][]> {
    this.outbox.flush();
    await settled();
    return this.sent.map(({ body }) =>
      (JSON.parse(body.toString()) as { data: { id: string }[] }).data.map(({ id }) => id),
    );
  }
}

describe('Outbox', () => {
  it('packs rows of a class together', async () => {
    const run = new OutboxRun();
    for (const id of [1, 2, 3]) run.insert(id, 'small');
    expect(await run.idsOfMessages()).toEqual([['1', '2', '3']]);
  });

  describe('above the rate of requests', () => {
    const INTERVAL_MS = 100;
    const requestsPerSecond = 1000 / INTERVAL_MS;

    /** One message each until a lane has to wait for its turn. Returns the next id. */
    async function untilItWaits(run: OutboxRun, clock: ManualClock): Promise<number> {
      for (let id = 1; ; id += 1) {
        run.insert(id, 'note');
        await run.idsOfMessages();
        if (clock.sleeping > 0) return id + 1;
      }
    }

    it('rows that come while a lane waits for its turn join the message that will leave', async () => {
      const clock = new ManualClock();
      const run = new OutboxRun({ clock, requestsPerSecond });
      const id = await untilItWaits(run, clock);
      const before = run.sent.length;
      run.insert(id, 'note');
      run.insert(id + 1, 'note');
      expect(await run.idsOfMessages()).toHaveLength(before);
      expect(run.outbox.isEmpty).toBe(false);
      await clock.advance(INTERVAL_MS);
      expect((await run.idsOfMessages()).slice(before)).toEqual([[id - 1, id, id + 1].map(String)]);
      expect(run.outbox.isEmpty).toBe(true);
    });

    it('a statement waits for its turn, too', async () => {
      const clock = new ManualClock();
      const run = new OutboxRun({ clock, requestsPerSecond });
      await untilItWaits(run, clock);
      run.outbox.announce(DDL);
      await clock.advance(INTERVAL_MS);
      const before = run.sent.length;
      expect(run.sent.at(-1)?.tag).toBe('shop.orders');
      await clock.advance(INTERVAL_MS - 1);
      expect(run.sent).toHaveLength(before);
      await clock.advance(1);
      expect(run.sent.slice(before).map(({ tag }) => tag)).toEqual(['ddl']);
      expect(run.outbox.isBlocked).toBe(false);
    });

    it('nothing waits any more when sending has to end', async () => {
      const clock = new ManualClock();
      const giveUp = new AbortController();
      const run = new OutboxRun({ clock, requestsPerSecond, giveUp: giveUp.signal });
      await untilItWaits(run, clock);
      giveUp.abort();
      await settled();
      expect(clock.sleeping).toBe(0);
    });
  });

  describe('in a backlog', () => {
    const OLD_MS = NOW_MS - 60_000;

    it('a message waits some milliseconds for more, when its lane holds no other', async () => {
      const clock = new ManualClock();
      const run = new OutboxRun({ clock });
      run.insert(1, 'note', 1, OLD_MS);
      expect(await run.idsOfMessages()).toEqual([]);
      await clock.advance(19);
      run.insert(2, 'note', 2, OLD_MS);
      expect(await run.idsOfMessages()).toEqual([]);
      await clock.advance(1);
      expect(await run.idsOfMessages()).toEqual([['1', '2']]);
    });

    it('a full message waits for nothing', async () => {
      const run = new OutboxRun();
      run.insert(1, 'x'.repeat(MESSAGE_BYTES), 1, OLD_MS);
      expect(await run.idsOfMessages()).toEqual([['1']]);
    });

    it('a message waits for nothing before a statement: no row can join it any more', async () => {
      const run = new OutboxRun();
      run.insert(1, 'note', 1, OLD_MS);
      run.outbox.announce(DDL);
      await settled();
      expect(run.sent.map(({ tag }) => tag)).toEqual(['shop.orders', 'ddl']);
    });

    it('a message waits for nothing that another stands after', async () => {
      const run = new OutboxRun();
      run.insert(1, 'small', 1, OLD_MS);
      run.insert(2, 'x'.repeat(MESSAGE_BYTES), 2, OLD_MS);
      expect(await run.idsOfMessages()).toEqual([['1'], ['2']]);
    });
  });

  it('gives a row that alone fills a message one of its own: with others it could be more than the broker takes', async () => {
    const run = new OutboxRun();
    run.insert(1, 'small');
    run.insert(2, 'x'.repeat(MESSAGE_BYTES));
    run.insert(3, 'small');
    expect(await run.idsOfMessages()).toEqual([['1'], ['2'], ['3']]);
  });

  it('never writes to a body again of which an attempt failed: the client may still be reading it', async () => {
    const bodies: { given: Buffer; copy: Buffer }[] = [];
    let attempts = 0;
    const clock = new ManualClock();
    const run = new OutboxRun({
      clock,
      sink: {
        open: () => Promise.reject(new Error('not used')),
        send: ({ body }) => {
          attempts += 1;
          if (attempts !== 1) return Promise.resolve();
          bodies.push({ given: body, copy: Buffer.from(body) });
          return Promise.reject(new RelayError('SINK_UNREACHABLE', 'late'));
        },
        close: () => Promise.resolve(),
      },
    });
    for (let id = 1; id <= 50; id += 1) {
      run.insert(id, 'note');
      run.outbox.flush();
      await settled();
      await clock.advance(60_000);
      await settled();
    }
    expect(attempts).toBe(51);
    expect(run.outbox.held.bytes).toBe(0);
    for (const { given, copy } of bodies) expect(given.equals(copy)).toBe(true);
  });

  describe('with a row that no message can hold', () => {
    it('stops, naming table, key, size and change, but no value', () => {
      const run = new OutboxRun();
      run.insert(1, 'small');
      expect(() => run.insert(2, 'secret'.repeat(1000))).toThrow(
        expect.objectContaining({
          code: 'ROW_TOO_LARGE',
          message: expect.stringMatching(
            /^change uuid:23#2: a row of shop.orders \(with the primary key id\) makes a message of 7\d\d\d bytes, the sink takes 5000$/,
          ) as string,
        }),
      );
    });

    it('sends what was there before it', async () => {
      const run = new OutboxRun();
      run.insert(1, 'small');
      expect(() => run.insert(2, 'x'.repeat(6000))).toThrow();
      expect(await run.idsOfMessages()).toEqual([['1']]);
      expect(run.outbox.isEmpty).toBe(true);
      expect(run.outbox.held.bytes).toBe(0);
    });

    it('sends its skeleton in its place in the order of the lane, marked', async () => {
      const run = new OutboxRun({ oversize: 'skeleton' });
      run.insert(1, 'before', 7);
      run.insert(2, 'x'.repeat(6000), 7);
      run.insert(3, 'after', 7);
      expect(await run.idsOfMessages()).toEqual([['1'], ['2'], ['3']]);
      const [before, skeleton, after] = run.sent;
      expect(JSON.parse(skeleton?.body.toString() ?? '')).toMatchObject({
        mysqlType: { id: 'int' },
        pkNames: ['id'],
        data: [{ id: '2' }],
        omitted: ['note'],
        changes: ['23#2'],
      });
      expect(run.sent.map(({ properties }) => properties.get('marks'))).toEqual([undefined, 'oversize', undefined]);
      expect(run.sent.map(({ properties }) => properties.get('sequence'))).toEqual(['1', '2', '3']);
      expect(run.sent.map(({ tag }) => tag)).toEqual(['shop.orders', 'shop.orders', 'shop.orders']);
      expect(before?.body.toString()).not.toContain('omitted');
      expect(after?.body.toString()).not.toContain('omitted');
      expect(run.marked).toEqual([['oversize']]);
    });

    it('takes no memory for what is not sent', () => {
      const run = new OutboxRun({ oversize: 'skeleton' });
      run.insert(1, 'x'.repeat(60_000));
      expect(run.outbox.held.bytes).toBeLessThan(4 * MAX_BODY_BYTES);
    });
  });

  it('gives a row a message of its own when the text of both is more than one may hold, though the images are not', async () => {
    const run = new OutboxRun();
    run.insert(1, 'x'.repeat(MESSAGE_BYTES - 300));
    // An escape makes six bytes of one.
    run.insert(2, '\u0001'.repeat(600));
    expect(await run.idsOfMessages()).toEqual([['1'], ['2']]);
    expect(run.sent[1]?.body.toString()).toContain('\\u0001'.repeat(600));
  });

  describe('tells whoever runs it of every failure that stops a lane', () => {
    it.each<[string, Partial<OutboxOptions>]>([
      [
        'the sink refuses the message',
        { sink: { open: never, send: () => Promise.reject(REJECTED), close: () => Promise.resolve() } },
      ],
      ['the message cannot be sealed', { format: formatWithoutTail() }],
      [
        'what follows an acknowledgement fails',
        {
          onAcknowledged: () => {
            throw new Error('after the acknowledgement');
          },
        },
      ],
    ])('%s', async (_, options) => {
      const run = new OutboxRun(options);
      run.insert(1, 'small');
      run.outbox.flush();
      await settled();
      expect(run.undeliverable).toHaveLength(1);
      expect(run.outbox.isSettled).toBe(true);
      expect(run.outbox.isEmpty).toBe(false);
    });
  });
});

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function formatWithoutTail(): OutboxOptions['format'] {
  const tail = (): Buffer => {
    throw new Error('no tail');
  };
  return { ...canalJson, forTable: (table, rows) => ({ ...canalJson.forTable(table, rows), tail }) };
}
