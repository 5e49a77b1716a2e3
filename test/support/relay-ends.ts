/** Both ends of a relay and its checkpoint store, made by hand, for what real servers cannot do on demand. */
import { pino } from 'pino';
import { RelayError } from '../../src/base/errors.ts';
import { tableFilter } from '../../src/change/table-filter.ts';
import type { Checkpoint, CheckpointStore, Taken } from '../../src/checkpoint/checkpoint.ts';
import type { RelayOptions } from '../../src/relay/run/relay-options.ts';
import { Relay } from '../../src/relay/run/run.ts';
import type { OutboundMessage, Sink, SinkInfo } from '../../src/sink/sink.ts';
import type {
  EventReader,
  Head,
  Prepared,
  Retention,
  Session,
  Source,
  StartPosition,
} from '../../src/source/source.ts';
import type { MessageBody } from './replay.ts';
import type { FixtureEvent } from './binlog-fixture.ts';
import { EARLIEST } from './flow.ts';
import { relayDefaults } from './relay-defaults.ts';
import { ManualClock, settled } from './sink/manual-clock.ts';
import { laneNames } from './lane-names.ts';

const STOP_TIMEOUT_MS = 5000;
const SERVER_UUID = '00000000-0000-0000-0000-000000000001';

/** A server that purges nothing. */
export const KEEPS_ALL: Retention = {
  serverUuid: SERVER_UUID,
  asOfMs: 1_700_000_000_000,
  files: [{ name: EARLIEST.file, sizeBytes: 1000 }],
  needed: EARLIEST.file,
  expireSeconds: undefined,
  spaceLimitBytes: undefined,
  remedies: { expiry: 'SET PERSIST binlog_expire_logs_seconds = 604800;', space: '' },
};

/** A dump connection that brings what the test gives it. Paused, it keeps events back as a socket does. */
export class FakeSession implements Session {
  readonly position: StartPosition;
  readonly ended: Promise<void>;
  pauses = 0;
  resumes = 0;
  isClosed = false;
  /** Called before each event that is handed over. */
  onEvent: () => void = () => undefined;
  readonly #reader: EventReader;
  readonly #waiting: FixtureEvent[] = [];
  #resolve: () => void = () => undefined;
  #reject: (error: RelayError) => void = () => undefined;

  constructor(position: StartPosition, reader: EventReader) {
    this.position = position;
    this.#reader = reader;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ended.catch(() => undefined);
    reader.begin(this);
  }

  get isPaused(): boolean {
    return this.pauses > this.resumes;
  }

  /** Events that wait because the session is paused. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** One socket read. */
  read(events: readonly FixtureEvent[]): void {
    this.#waiting.push(...events);
    this.#handOver();
  }

  fail(error: RelayError): void {
    this.isClosed = true;
    this.#reject(error);
  }

  pause(): void {
    this.pauses += 1;
  }

  resume(): void {
    this.resumes += 1;
    this.#handOver();
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.#resolve();
    return Promise.resolve();
  }

  #handOver(): void {
    let event: FixtureEvent | undefined;
    while (!this.isPaused && !this.isClosed && (event = this.#waiting.shift()) !== undefined) {
      this.onEvent();
      this.#reader.event(event.bytes, 0, event.bytes.length);
    }
    this.#reader.endOfRead();
  }
}

export class FakeSource implements Source {
  readonly sessions: FakeSession[] = [];
  isClosed = false;
  lockName = '';
  lockTerm: number | undefined = 1;
  /** Told as `lock` is: it may name holders, and resolves when the lock is had. */
  onLock: (onHolder: ((holder: string) => void) | undefined) => Promise<void> = () => Promise.resolve();
  onHasLock: () => Promise<boolean> = () => Promise.resolve(this.lockTerm !== undefined);
  onPrepare: () => Promise<void> = () => Promise.resolve();
  onRelock: () => Promise<void> = () => Promise.resolve();
  onOpen: () => Promise<void> = () => Promise.resolve();
  onHead: () => Promise<Head> = () => Promise.resolve({ ...EARLIEST, serverUuid: SERVER_UUID });
  onRetention: () => Promise<Retention> = () => Promise.resolve(KEEPS_ALL);

  get session(): FakeSession {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error('no session was opened');
    return session;
  }

  lock(name: string, onHolder?: (holder: string) => void): Promise<void> {
    this.lockName = name;
    return this.onLock(onHolder);
  }

  hasLock(): Promise<boolean> {
    return this.onHasLock();
  }

  async prepare(stored: StartPosition | undefined): Promise<Prepared> {
    await this.onPrepare();
    return { start: stored ?? EARLIEST, flavour: 'mysql', serverUuid: SERVER_UUID, warnings: [] };
  }

  relock(): Promise<void> {
    return this.onRelock();
  }

  async open(position: StartPosition, reader: EventReader): Promise<Session> {
    await this.onOpen();
    const session = new FakeSession(position, reader);
    this.sessions.push(session);
    return session;
  }

  head(): Promise<Head> {
    return this.onHead();
  }

  retention(): Promise<Retention> {
    return this.onRetention();
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** Takes what `onSend` lets pass. */
export class FakeSink implements Sink {
  readonly taken: OutboundMessage[] = [];
  isClosed = false;
  renewals = 0;
  endpoint: string | undefined;
  onOpen: () => Promise<void> = () => Promise.resolve();
  onSend: (message: OutboundMessage) => Promise<void> = () => Promise.resolve();
  /** What it sees of its destination without sending. */
  see: (problem: RelayError | undefined) => void = () => undefined;
  #reject: (error: RelayError) => void = () => undefined;
  readonly #closed = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    this.#closed.catch(() => undefined);
  }

  async open(): Promise<SinkInfo> {
    await this.onOpen();
    const { endpoint } = this;
    return { destination: 'a list', ...(endpoint !== undefined && { endpoints: [endpoint] }), queues: 1, laneNames };
  }

  watch(told: (problem: RelayError | undefined) => void): void {
    this.see = told;
  }

  renew(): Promise<SinkInfo> {
    this.renewals += 1;
    return this.open();
  }

  async send(message: OutboundMessage): Promise<void> {
    await Promise.race([this.onSend(message), this.#closed]);
    this.taken.push({ ...message, body: Buffer.from(message.body) });
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.#reject(new RelayError('SINK_CLOSED', 'closed'));
    return Promise.resolve();
  }

  /** Whole ids of all changes that it took, in the order of taking. */
  changes(): string[] {
    return this.taken.flatMap(({ body }) => {
      const { database, table, source, changes } = JSON.parse(body.toString()) as MessageBody;
      return changes.map((change) => `${database}.${table} ${source}:${change}`);
    });
  }
}

export class FakeStore implements CheckpointStore {
  readonly location = 'a variable';
  readonly saved: Checkpoint[] = [];
  onLoad: () => Promise<void> = () => Promise.resolve();
  onSave: () => Promise<void> = () => Promise.resolve();
  onConfirm: () => Promise<void> = () => Promise.resolve();
  isClosed = false;

  get last(): Checkpoint | undefined {
    return this.saved.at(-1);
  }

  async load(): Promise<Checkpoint | undefined> {
    await this.onLoad();
    return this.last;
  }

  take(): Promise<Taken> {
    return Promise.resolve({ stored: this.last, epoch: (this.last?.epoch ?? 0) + 1 });
  }

  confirm(): Promise<void> {
    return this.onConfirm();
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    await this.onSave();
    this.saved.push(checkpoint);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** Waits that are opened by hand. */
export class Gate {
  #open: () => void = () => undefined;
  readonly passed = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }
}

export type RelayRunOptions = Omit<Partial<RelayOptions>, 'clock'> & { readonly clock?: ManualClock };

/** A relay between the two, on a clock that stands still. */
export class RelayRun {
  readonly source = new FakeSource();
  readonly sink = new FakeSink();
  readonly store = new FakeStore();
  readonly clock: ManualClock;
  /** Constant messages of the log, in order. */
  readonly log: string[] = [];
  /** Its lines whole. */
  readonly logLines: Readonly<Record<string, unknown>>[] = [];
  readonly relay: Relay;
  /** What `run` came to; undefined while it runs. */
  outcome: 'stopped' | { readonly code: string } | undefined;
  readonly #stop = new AbortController();

  constructor(options: RelayRunOptions = {}) {
    this.clock = options.clock ?? new ManualClock();
    const write = (line: string): void => {
      const parsed = JSON.parse(line) as { readonly msg: string };
      this.log.push(parsed.msg);
      this.logLines.push(parsed);
    };
    this.relay = new Relay({
      source: this.source,
      sink: this.sink,
      ...relayDefaults(),
      store: this.store,
      filter: tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [] }),
      lanes: 4,
      heldBytes: 1 << 20,
      messageBytes: 64 << 10,
      stopTimeoutMs: STOP_TIMEOUT_MS,
      clock: this.clock,
      random: () => 0,
      logger: pino({ level: 'info' }, { write }),
      ...options,
    });
  }

  /** Begins to run and goes as far as it can without time. */
  async start(): Promise<void> {
    this.relay.run(this.#stop.signal).then(
      () => (this.outcome = 'stopped'),
      (error: unknown) => (this.outcome = error as RelayError),
    );
    await settled();
  }

  /** One socket read, and what follows of it without time. */
  async read(events: readonly FixtureEvent[]): Promise<void> {
    this.source.session.read(events);
    await settled();
  }

  async askToStop(): Promise<void> {
    this.#stop.abort();
    await settled();
  }

  /** Gives it time to end by itself. */
  async end(withinMs = 100): Promise<void> {
    for (let waitedMs = 0; waitedMs < withinMs && this.outcome === undefined; waitedMs += 10)
      await this.clock.advance(10);
  }

  /** Asks to stop, and gives it the time that it may take. */
  async stop(): Promise<void> {
    await this.askToStop();
    await this.end(STOP_TIMEOUT_MS + 100);
  }
}
