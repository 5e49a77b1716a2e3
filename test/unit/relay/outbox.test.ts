import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../src/base/errors.ts';
import type { RowChange } from '../../../src/change/change.ts';
import { tableFilter } from '../../../src/change/table-filter.ts';
import { canalJson } from '../../../src/format/canal-json.ts';
import { LowWaterMark } from '../../../src/relay/low-water-mark.ts';
import { Outbox, type OutboxOptions } from '../../../src/relay/outbox.ts';
import { TablePlan } from '../../../src/relay/table-plan.ts';
import type { OutboundMessage } from '../../../src/sink/sink.ts';
import { imageOf, intColumn, varcharColumn } from '../../support/row-images.ts';
import { ManualClock, settled } from '../../support/sink/manual-clock.ts';

const MESSAGE_BYTES = 1000;
const REJECTED = new RelayError('SINK_REJECTED', 'never');

const filter = tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [] });
const columns = [intColumn(0, 'id'), varcharColumn(1, 'note')];

/** One lane without a broker: what it sends, and what it says cannot be delivered. */
class OutboxRun {
  readonly sent: OutboundMessage[] = [];
  readonly undeliverable: unknown[] = [];
  readonly mark = new LowWaterMark({ file: 'binlog.000001', offset: 4, gtidSet: undefined });
  readonly outbox: Outbox;
  readonly #plan: TablePlan;

  constructor(options: Partial<OutboxOptions> = {}) {
    const format = options.format ?? canalJson;
    this.#plan = new TablePlan(
      { database: 'shop', name: 'orders', columns, primaryKey: [] },
      { serial: 0, next: 0, taken: 0 },
      { filter, ordering: 'key', format },
    );
    this.outbox = new Outbox({
      sink: {
        open: () => Promise.reject(new Error('not used')),
        send: (message) => Promise.resolve(void this.sent.push(message)),
        close: () => Promise.resolve(),
      },
      format,
      laneNames: ['lane-0'],
      mark: this.mark,
      stream: '0000abcd',
      epoch: 1,
      resume: 'start',
      messageBytes: MESSAGE_BYTES,
      messageKeys: 'none',
      clock: new ManualClock(),
      random: () => 0,
      giveUp: new AbortController().signal,
      onAcknowledged: () => undefined,
      onPassable: () => undefined,
      onRetry: () => undefined,
      onUndeliverable: (error) => void this.undeliverable.push(error),
      ...options,
    });
  }

  insert(id: number, note: string): void {
    const image = imageOf([id, note]);
    const change: RowChange = {
      transaction: { source: 'uuid', number: Buffer.from('23'), gno: 23n, commitTimeMs: 1 },
      n: id,
      isInsertHalf: false,
      row: { laneHash: 0, keyHash: id, isAnyKey: false },
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

  it('gives a row that alone fills a message one of its own: with others it could be more than the broker takes', async () => {
    const run = new OutboxRun();
    run.insert(1, 'small');
    run.insert(2, 'x'.repeat(MESSAGE_BYTES));
    run.insert(3, 'small');
    expect(await run.idsOfMessages()).toEqual([['1'], ['2'], ['3']]);
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
