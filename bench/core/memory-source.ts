import { RelayError } from '../../src/base/errors.ts';
import type {
  EventReader,
  Head,
  Prepared,
  Retention,
  Session,
  Source,
  StartPosition,
  Tap,
} from '../../src/source/source.ts';
import type { CapturedBinlog } from './captured.ts';

/** What one read of a socket brings, about. */
const READ_BYTES = 64 << 10;
const SERVER_UUID = '00000000-0000-0000-0000-000000000001';
const START: StartPosition = { file: 'binlog.000001', offset: 4, gtidSet: '' };

/** A server whose whole binlog is in memory. One turn of the event loop is one read. */
export class MemorySource implements Source {
  readonly lockTerm = 1;
  readonly #binlog: CapturedBinlog;
  readonly #onTurn: () => void;
  readonly #onOpen: () => void;

  /** `onTurn` is called at every turn while a session is open, paused or not; `onOpen` before the first event. */
  constructor(binlog: CapturedBinlog, onOpen: () => void, onTurn: () => void) {
    this.#binlog = binlog;
    this.#onOpen = onOpen;
    this.#onTurn = onTurn;
  }

  lock(): Promise<void> {
    return Promise.resolve();
  }

  hasLock(): Promise<boolean> {
    return Promise.resolve(true);
  }

  relock(): Promise<void> {
    return Promise.resolve();
  }

  prepare(): Promise<Prepared> {
    return Promise.resolve({ start: START, serverUuid: SERVER_UUID, flavour: 'mysql', warnings: [] });
  }

  open(_position: StartPosition, reader: EventReader): Promise<Session> {
    this.#onOpen();
    return Promise.resolve(new MemorySession(this.#binlog, reader, this.#onTurn));
  }

  head(): Promise<Head> {
    return Promise.resolve({ ...START, serverUuid: SERVER_UUID });
  }

  retention(): Promise<Retention> {
    return Promise.reject(new RelayError('SOURCE_UNREACHABLE', 'memory has no files'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class MemorySession implements Session, Tap {
  readonly ended: Promise<void>;
  readonly #binlog: CapturedBinlog;
  readonly #reader: EventReader;
  readonly #onTurn: () => void;
  #end: () => void = () => undefined;
  #next = 0;
  #isPaused = false;
  #isClosed = false;

  constructor(binlog: CapturedBinlog, reader: EventReader, onTurn: () => void) {
    this.#binlog = binlog;
    this.#reader = reader;
    this.#onTurn = onTurn;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    reader.begin(this);
    setImmediate(this.#turn);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#end();
    return Promise.resolve();
  }

  readonly #turn = (): void => {
    if (this.#isClosed) return;
    this.#onTurn();
    if (!this.#isPaused) this.#read();
    // Once all is read, waiting for the last messages shall cost nothing.
    if (this.#next + 1 < this.#binlog.starts.length) setImmediate(this.#turn);
    else setTimeout(this.#turn, 1);
  };

  #read(): void {
    const { bytes, starts } = this.#binlog;
    const first = starts[this.#next] ?? 0;
    for (; this.#next + 1 < starts.length; this.#next += 1) {
      const start = starts[this.#next] ?? 0;
      if (start - first >= READ_BYTES) break;
      this.#reader.event(bytes, start, starts[this.#next + 1] ?? 0);
    }
    this.#reader.endOfRead();
  }
}
