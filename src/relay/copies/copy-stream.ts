import { RelayError } from '../../base/errors.ts';
import type { FilePosition } from '../../binlog/binlog.ts';
import { isBefore } from '../../binlog/wire/binlog-file.ts';
import { unlessAborted } from '../../base/retry.ts';
import type { CopyMark } from '../../format/format.ts';
import { Deferred } from '../../base/deferred.ts';
import type { BinlogEnd, Seen, StartPosition } from '../../source/source.ts';
import type { RowTaker } from '../tables/row-reader.ts';
import { HeldStream } from './held-stream.ts';
import type { StreamWatch, WatchedTable } from './stream-watch.ts';
import type { WithheldTables } from './withheld-tables.ts';

/** Some ten milliseconds of work. */
const TURN_BYTES = 1 << 20;

/** What copies need of the stream and of the lanes. */
export interface StreamEnds {
  readonly watch: StreamWatch;
  /** The lanes. */
  readonly outbox: RowTaker & {
    mark(mark: CopyMark): void;
    flush(): void;
    readonly isBlocked: boolean;
  };
  /** See Intake. */
  readonly intake: {
    readonly isAtBoundary: boolean;
    readonly position: StartPosition;
    /** Everything before it was read, or has nothing that is not read. */
    readonly passed: FilePosition;
  };
  /** As much is held as may be. */
  readonly isFull: () => boolean;
  /** So much may be given without asking whether it is. */
  readonly oneStepBytes: number;
  /** Everything before it is acknowledged: where a run would begin that has to begin anew. */
  readonly lowWater: { position(): StartPosition };
  /** `isHeld` has changed. */
  readonly onHeld: () => void;
  readonly onReleased: () => void;
}

/** The stream as copies see it: they stand at its boundaries, hold it there, and put rows and marks into its lanes. */
export class CopyStream {
  readonly #ends: StreamEnds;
  readonly #held: HeldStream;
  /** Of the server that the stream comes from; undefined before the first session. */
  #serverUuid: string | undefined;
  readonly #begun = new Deferred();
  /** The stream comes from another server than before: what is being read of that one is of no use. */
  onMoved: () => void = () => undefined;
  #given = 0;
  #acknowledged = 0;
  #onAcknowledged: () => void = () => undefined;
  #onRoom: () => void = () => undefined;
  #onPassable: () => void = () => undefined;

  constructor(ends: StreamEnds) {
    this.#ends = ends;
    this.#held = new HeldStream({
      isAtBoundary: () => ends.intake.isAtBoundary,
      isBlocked: () => ends.outbox.isBlocked,
      onHeld: ends.onHeld,
      onReleased: ends.onReleased,
    });
  }

  /** Nothing may be read now. */
  get isHeld(): boolean {
    return this.#held.isHeld;
  }

  /** To be called at every boundary. */
  boundary(): void {
    this.#held.boundary();
  }

  /** A session with this server begins: places of another one mean nothing from now on. */
  begins(serverUuid: string | undefined): void {
    const isMoved = this.#serverUuid !== undefined && serverUuid !== this.#serverUuid;
    this.#serverUuid = serverUuid;
    this.#begun.settle();
    if (!isMoved) return;
    this.#held.refuse(otherServer());
    this.onMoved();
  }

  /** Rows of a copy were acknowledged, or other rows: there may be room. */
  acknowledges(copiedRows: number): void {
    this.#acknowledged += copiedRows;
    if (this.#acknowledged === this.#given) this.#onAcknowledged();
    if (!this.#ends.isFull()) this.#onRoom();
  }

  /** Everything that was announced is acknowledged. */
  passable(): void {
    this.#onPassable();
    if (this.#ends.intake.isAtBoundary) this.#held.boundary();
  }

  /** Of copies. */
  get acknowledgedRows(): number {
    return this.#acknowledged;
  }

  get seen(): Seen {
    return { ...this.#ends.intake.position, serverUuid: this.#serverUuid };
  }

  /** Where the stream is, at a boundary. */
  get place(): BinlogEnd {
    const { file, offset } = this.#ends.intake.position;
    return { end: { file, offset }, serverUuid: this.#serverUuid ?? '' };
  }

  /** Whether a run that begins anew begins at this place or after it. Throws when the stream has changed its server. */
  isBehindUs({ end, serverUuid }: BinlogEnd): boolean {
    if (serverUuid !== this.#serverUuid) throw otherServer();
    return !isBefore(this.#ends.lowWater.position(), end);
  }

  /** What is not to be published from now on. */
  withhold(withheld: WithheldTables): void {
    this.#ends.watch.withheld = withheld;
  }

  watch(watched: WatchedTable): void {
    this.#ends.watch.watched = watched;
  }

  unwatch(): void {
    this.#ends.watch.watched = undefined;
  }

  /** Counts what copies give to the lanes. */
  readonly taker: Pick<RowTaker, 'add'> = {
    add: (messageClass, change, changed) => {
      this.#ends.outbox.add(messageClass, change, changed);
      this.#given += 1;
    },
  };

  now<T>(work: () => T, ended: AbortSignal): Promise<T> {
    return orEnd(ended, this.#held.now(work));
  }

  /** What was read so far, as soon as it is known of which server. */
  async begun(ended: AbortSignal): Promise<Seen> {
    await orEnd(ended, this.#begun.promise);
    return this.seen;
  }

  /** Does `work` at the first boundary that is not before `end`, with the stream held. */
  during<T>(place: BinlogEnd, work: () => Promise<T>, ended: AbortSignal): Promise<T> {
    if (place.serverUuid !== this.#serverUuid) return Promise.reject(otherServer());
    return orEnd(ended, this.#held.during(this.#isAt(place), work));
  }

  /** Resolves at the first boundary that is not before `end`. */
  async reached(place: BinlogEnd, ended: AbortSignal): Promise<void> {
    await this.begun(ended);
    if (place.serverUuid !== this.#serverUuid) throw otherServer();
    await orEnd(
      ended,
      this.#held.now(() => undefined, this.#isAt(place)),
    );
  }

  /** What waits for a place in the stream is given up: it rejects with `error`. */
  giveUp(error: RelayError): void {
    this.#held.refuse(error);
  }

  #isAt({ end }: BinlogEnd): () => boolean {
    return () => !isBefore(this.#ends.intake.passed, end);
  }

  mark(mark: Omit<CopyMark, 'position' | 'gtidSet'>, ended: AbortSignal): Promise<void> {
    return orEnd(
      ended,
      this.#held.during(
        () => true,
        () => this.markNow(mark, ended),
      ),
    );
  }

  /** While the stream is held. */
  async markNow(mark: Omit<CopyMark, 'position' | 'gtidSet'>, ended: AbortSignal): Promise<void> {
    const { outbox, intake } = this.#ends;
    const { file, offset, gtidSet = '' } = intake.position;
    const isPassable = new Promise<void>((resolve) => {
      this.#onPassable = resolve;
    });
    outbox.mark({ ...mark, position: `${file}:${offset}`, gtidSet });
    if (outbox.isBlocked) await orEnd(ended, isPassable);
  }

  /** How many bytes of rows are given in a turn. */
  get turnBytes(): number {
    return Math.min(TURN_BYTES, this.#ends.oneStepBytes);
  }

  /** Sends what was given, lets other work be done, and resolves when there is room for more. */
  async turn(ended: AbortSignal): Promise<void> {
    this.#ends.outbox.flush();
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#ends.isFull()) {
      const room = new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
      await orEnd(ended, room);
    }
    ended.throwIfAborted();
  }

  /** Resolves when all rows that copies have given are acknowledged. */
  async acknowledged(ended: AbortSignal): Promise<void> {
    this.#ends.outbox.flush();
    if (this.#acknowledged === this.#given) return;
    const all = new Promise<void>((resolve) => {
      this.#onAcknowledged = resolve;
    });
    await orEnd(ended, all);
  }
}

/** What `work` gives. Rejects when `ended` aborts. */
async function orEnd<T>(ended: AbortSignal, work: Promise<T>): Promise<T> {
  const done = await unlessAborted(
    ended,
    work.then((result) => ({ result })),
  );
  if (done === undefined) throw new RelayError('INTERNAL', 'the run ends');
  return done.result;
}

const otherServer = (): RelayError =>
  new RelayError('SOURCE_UNREACHABLE', 'the stream and the tables are read from two servers');
