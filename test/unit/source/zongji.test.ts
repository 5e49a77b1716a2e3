import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import type { EventReader, Session, Tap } from '../../../src/source/source.ts';
import { openZongjiSession } from '../../../src/source/zongji.ts';

type Query = (statement: string, done: (error: Error | null) => void) => void;

/** What zongji shows of its two connections. */
class FakeConnection {
  readonly calls: string[] = [];
  readonly stream = { bytesRead: 0 };
  readonly query: Query = (statement) => void this.calls.push(statement);
  readonly pause = (): void => void this.calls.push('pause');
  readonly resume = (): void => void this.calls.push('resume');
}

/** zongji up to its `ready` event; the test then plays the server. */
class FakeZongJi extends EventEmitter {
  static last: FakeZongJi | undefined;
  readonly connection = new FakeConnection();
  readonly ctrlConnection = new FakeConnection();
  stops = 0;
  BinlogClass = class {
    start(...[]: [packet?: unknown, connection?: { writePacket(): void }]): unknown {
      return undefined;
    }
    onResult(error: Error): void {
      throw error;
    }
  };

  constructor() {
    super();
    FakeZongJi.last = this;
  }

  start(): void {
    return undefined;
  }

  stop(): void {
    this.stops += 1;
    queueMicrotask(() => this.emit('stopped'));
  }
}

vi.mock('zongji', () => ({
  default: function () {
    return new FakeZongJi();
  },
}));

const PERIOD_MS = 10_000;
const START = { file: 'binlog.000001', offset: 4, gtidSet: '' };
const EVENT = Buffer.from([0, 1, 2, 3]);

let tick: () => void;
let isWatching: boolean;
let tap: Tap | undefined;
let session: Session;
let zongji: FakeZongJi;
let receive: (packet: { buffer: Buffer; offset: number; end: number }) => unknown;
let events: number;

const clock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  sleep: () => Promise.resolve(),
  every: (ms, task) => {
    expect(ms).toBe(PERIOD_MS);
    tick = task;
    isWatching = true;
    return () => {
      isWatching = false;
    };
  },
};

const reader: EventReader = {
  begin: (given) => void (tap = given),
  event: () => void (events += 1),
  endOfRead: () => undefined,
};

const bring = (buffer = EVENT): unknown => {
  zongji.connection.stream.bytesRead += buffer.length;
  return receive({ buffer, offset: 0, end: buffer.length });
};

/** What became of the session: undefined while it goes on. */
async function outcome(): Promise<string | undefined> {
  const over = session.ended.then(
    () => 'closed',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown'),
  );
  return Promise.race([over, new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)))]);
}

beforeEach(async () => {
  events = 0;
  const opening = openZongjiSession(
    { connection: {}, serverId: 1, flavour: 'mysql', heartbeatMs: PERIOD_MS, clock },
    START,
    reader,
  );
  if (FakeZongJi.last === undefined) throw new Error('zongji was not made');
  zongji = FakeZongJi.last;
  zongji.emit('ready');
  const first = new zongji.BinlogClass().start(undefined, { writePacket: () => undefined });
  if (typeof first !== 'function') throw new Error('the dump command takes no packets');
  receive = first as typeof receive;
  bring();
  session = await opening;
});
describe('a paused session (invariant 11)', () => {
  it('stops the socket and closes nothing, however long it lasts', async () => {
    tap?.pause();
    for (let period = 0; period < 1000; period += 1) tick();
    expect(await outcome()).toBeUndefined();
    expect(zongji.connection.calls.slice(1)).toEqual(['pause']);
    expect(zongji.stops).toBe(0);
    expect(isWatching).toBe(true);
  });

  it('has the server wait, too: before the dump begins it is told to', () => {
    const [statement = ''] = zongji.connection.calls;
    expect(statement).toContain('SESSION net_write_timeout = 3600');
    expect(statement).toContain(`@source_heartbeat_period = ${PERIOD_MS}000000`);
    expect(zongji.ctrlConnection.calls).toEqual(['SET SESSION wait_timeout = 2147483']);
  });

  it('is watched again when it goes on, as if it had just been heard of', async () => {
    tick();
    tick();
    tap?.pause();
    tick();
    tap?.resume();
    for (let period = 0; period < 3; period += 1) tick();
    expect(await outcome()).toBeUndefined();
    tick();
    expect(await outcome()).toBe('SOURCE_UNREACHABLE');
    expect(zongji.connection.calls.slice(1)).toEqual(['pause', 'resume']);
  });
});

describe('a session', () => {
  it('is given up after three silent periods and the one in which it was last heard of', async () => {
    for (let period = 0; period < 3; period += 1) tick();
    expect(await outcome()).toBeUndefined();
    tick();
    expect(await outcome()).toBe('SOURCE_UNREACHABLE');
    expect(zongji.stops).toBe(1);
    expect(isWatching).toBe(false);
  });

  it('lives while anything comes', async () => {
    for (let period = 0; period < 20; period += 1) {
      tick();
      tick();
      bring();
    }
    expect(await outcome()).toBeUndefined();
    expect(events).toBe(21);
  });

  it('lives while a large event comes that takes many heartbeats', async () => {
    for (let period = 0; period < 20; period += 1) {
      tick();
      tick();
      zongji.connection.stream.bytesRead += 1;
    }
    expect(await outcome()).toBeUndefined();
    expect(events).toBe(1);
  });

  it('announces that it reads checksums, whatever the server logs now', () => {
    expect(zongji.connection.calls[0]).toContain(
      "@master_binlog_checksum = 'CRC32', @source_binlog_checksum = 'CRC32'",
    );
  });

  it('is over when the server ends the stream', async () => {
    expect(bring(Buffer.from([0xfe]))).toBeNull();
    expect(await outcome()).toBe('SOURCE_UNREACHABLE');
  });

  it('is over when the server refuses the dump', async () => {
    const message = 'Could not find first log file name in binary log index file';
    new zongji.BinlogClass().onResult(Object.assign(new Error(message), { errno: 1236 }));
    expect(await outcome()).toMatch(/^BINLOG_/);
  });

  it('hands over nothing more once it is closed, and is closed once', async () => {
    await Promise.all([session.close(), session.close()]);
    bring();
    expect(events).toBe(1);
    expect([await outcome(), zongji.stops, isWatching]).toEqual(['closed', 1, false]);
  });
});
