/** The flow of a relay without its ends: events go in by hand, messages come out in a list. */
import { tmpdir } from 'node:os';
import type { Flavour } from '../../src/binlog/gtids/gtids.ts';
import { tableFilter } from '../../src/change/table-filter.ts';
import type { Ordering } from '../../src/change/change.ts';
import { FORMATS } from '../../src/format/formats.ts';
import type { FormatName } from '../../src/format/format.ts';
import { Intake } from '../../src/relay/intake/intake.ts';
import { LowWaterMark } from '../../src/relay/progress/low-water-mark.ts';
import { messageSizes } from '../../src/relay/lanes/message.ts';
import { Outbox, type OutboxOptions } from '../../src/relay/lanes/outbox.ts';
import { EXACT, type PublishPolicy } from '../../src/relay/tables/publish-policy.ts';
import { RowCheck } from '../../src/relay/lanes/row-check.ts';
import { RowReader } from '../../src/relay/tables/row-reader.ts';
import { createSpillFile } from '../../src/relay/kept/spill-file.ts';
import { Skip } from '../../src/relay/intake/skip.ts';
import { Tables } from '../../src/relay/tables/tables.ts';
import { TransactionEvents, type TransactionEventsOptions } from '../../src/relay/kept/transaction-events.ts';
import { skipArgument } from '../../src/relay/intake/transaction-place.ts';
import { XaBranches } from '../../src/relay/kept/xa-branches.ts';
import type { OutboundMessage } from '../../src/sink/sink.ts';
import type { StartPosition } from '../../src/source/source.ts';
import type { MessageBody } from './replay.ts';
import { timeZoneOf } from '../../src/base/time-zone.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { FixtureEvent } from './binlog-fixture.ts';

export interface FlowOptions {
  readonly start?: StartPosition;
  readonly flavour?: Flavour;
  readonly include?: readonly string[];
  readonly ordering?: Ordering;
  readonly lanes?: number;
  readonly publish?: PublishPolicy;
  readonly format?: FormatName;
  readonly maxBodyBytes?: number;
  readonly hasRoom?: () => boolean;
  /** The transaction to pass. */
  readonly skip?: string | undefined;
  /** How much memory open XA branches may take. */
  readonly xaMemoryBytes?: number;
  /** How much memory the events of the transaction that is being read may take. */
  readonly transactionMemoryBytes?: number;
  /** Transactions of up to this size are taken in one step. */
  readonly oneStepBytes?: number;
  /** False for a lane whose messages are sent, but never acknowledged. */
  readonly acknowledges?: (lane: string) => boolean;
}

/** Before the fixtures' first event, in the way of a server that follows GTIDs. */
/** Nobody else wants to send. */
export const HELD: OutboxOptions['right'] = { isHeld: true, held: () => Promise.resolve() };

export const EARLIEST: StartPosition = { file: 'binlog.000001', offset: 4, gtidSet: '' };

export class TestFlow {
  readonly sent: OutboundMessage[] = [];
  readonly intake: Intake;
  readonly outbox: Outbox;
  readonly lowWater: LowWaterMark;
  readonly xa: XaBranches;
  readonly eventBytes = { bytes: 0 };
  readonly spillFiles = { created: 0, open: 0 };
  readonly ddl: string[] = [];
  readonly skip: Skip | undefined;
  readonly skipped: string[] = [];
  readonly unfinished: string[] = [];
  readonly hasRoom: () => boolean;
  readonly #giveUp = new AbortController();

  constructor({
    start = EARLIEST,
    flavour = 'mysql',
    include = ['*.*'],
    ordering = 'key',
    lanes = 4,
    publish = EXACT,
    format: formatName = 'canal-json',
    maxBodyBytes = 4 << 20,
    hasRoom = () => true,
    xaMemoryBytes = 1 << 20,
    transactionMemoryBytes = 1 << 20,
    oneStepBytes = 1 << 20,
    acknowledges = () => true,
    skip,
  }: FlowOptions = {}) {
    const format = FORMATS[formatName];
    this.hasRoom = hasRoom;
    this.skip = skip === undefined ? undefined : new Skip(skip, start);
    this.lowWater = new LowWaterMark(start, flavour);
    this.outbox = new Outbox({
      sink: {
        open: () => Promise.reject(new Error('not used')),
        send: (message) => {
          this.sent.push({ ...message, body: Buffer.from(message.body) });
          return acknowledges(message.lane) ? Promise.resolve() : new Promise(() => undefined);
        },
        close: () => Promise.resolve(),
      },
      format,
      laneNames: Array.from({ length: ordering === 'total' ? 1 : lanes }, (_, i) => `lane-${i}`),
      lowWater: this.lowWater,
      stream: '0000abcd',
      epoch: 1,
      resume: 'start',
      messageBytes: 256 << 10,
      maxBodyBytes,
      oversize: publish.oversize,
      requestsPerSecond: Infinity,
      messageKeys: 'auto',
      // No row is old: in a backlog lanes wait for more, and leave in the order of their timers.
      clock: { ...systemClock, now: () => 0 },
      random: () => 0,
      giveUp: this.#giveUp.signal,
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
    const filter = tableFilter({ include, exclude: [], excludeColumns: [] });
    const tables = new Tables({
      filter,
      ordering,
      format,
      ...publish,
      timeZone: timeZoneOf(publish.timeZone),
    });
    this.xa = new XaBranches({ lowWater: this.lowWater, memoryBytes: xaMemoryBytes });
    const eventsOptions: TransactionEventsOptions = {
      held: this.eventBytes,
      memoryBytes: transactionMemoryBytes,
      oneStepBytes: Math.min(oneStepBytes, transactionMemoryBytes),
      createSpillFile: () => {
        const file = createSpillFile(tmpdir());
        this.spillFiles.created += 1;
        this.spillFiles.open += 1;
        const close = (): void => {
          this.spillFiles.open -= 1;
          file.close();
        };
        return { ...file, close };
      },
    };
    const sizes = messageSizes({ format, messageBytes: 256 << 10, maxBodyBytes });
    this.intake = new Intake({
      start,
      flavour,
      filter,
      serverUuid: '00000000-0000-0000-0000-000000000001',
      rows: new RowReader(tables, this.outbox, publish.partialRows),
      rowCheck: new RowReader(tables, new RowCheck(sizes, publish.oversize), publish.partialRows),
      newEvents: (check) => new TransactionEvents(eventsOptions, check),
      lowWater: this.lowWater,
      xa: this.xa,
      hasRoom,
      onBoundary: () => undefined,
      onDdl: ({ statement }) => this.ddl.push(statement),
      skip: this.skip,
      onSkipped: (place) => this.skipped.push(skipArgument(place)),
      onUnfinished: (place) => this.unfinished.push(skipArgument(place)),
    });
  }

  /** Reads on as far as there is room. The events come in one read of the socket, whose bytes are gone after it. */
  read(events: readonly FixtureEvent[]): void {
    const read = events.map(({ bytes }) => Buffer.from(bytes));
    for (const bytes of read) {
      this.intake.event(bytes, 0, bytes.length);
      while (this.intake.isBusy && this.hasRoom()) this.intake.takeUp();
    }
    this.intake.endOfRead();
    for (const bytes of read) bytes.fill(0xff);
  }

  /** Sends and acknowledges everything that is held. */
  async drain(): Promise<void> {
    this.outbox.flush();
    while (!this.outbox.isEmpty) await new Promise((resolve) => setImmediate(resolve));
  }

  bodies(messages: readonly OutboundMessage[] = this.sent): MessageBody[] {
    return messages.map(({ body }) => JSON.parse(body.toString()) as MessageBody);
  }

  /** Every change that was sent, as `id kind table row`, in the order in which it was sent. */
  changes(messages = this.sent): string[] {
    return this.bodies(messages).flatMap(({ source, changes, type, table, data, old }) =>
      changes.map(
        (number, i) =>
          `${source}:${number} ${type} ${table} ${JSON.stringify(data[i])}${old === null ? '' : ` was ${JSON.stringify(old[i])}`}`,
      ),
    );
  }
}

/** The changes of `events`, read at one go. */
export async function changesOf(events: readonly FixtureEvent[], options?: FlowOptions): Promise<string[]> {
  const flow = new TestFlow(options);
  flow.read(events);
  await flow.drain();
  return flow.changes();
}
