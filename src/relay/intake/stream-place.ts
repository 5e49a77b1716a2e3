import { eventFlags, eventNextOffset } from '../../binlog/wire/event-header.ts';
import { EVENT, LOG_EVENT_ARTIFICIAL_F } from '../../binlog/wire/event-types.ts';

/**
 * Where in the binlog a stream of events stands, and where its last transaction boundary is. Offsets count from the
 * start of a file.
 */
export class StreamPlace {
  file: string;
  /** Behind the event that was read last. */
  offset = 0;
  /** The last transaction boundary, in the same file: transactions do not cross files. */
  boundary: number;
  /** What the 32 bits of an event's header leave out of `offset`. */
  #wrappedBytes = 0;
  /** Up to here the server has sent everything, or has said that there is nothing to send. */
  #heard = 0;

  constructor(file: string, offset: number) {
    this.file = file;
    this.boundary = offset;
    this.#standAt(offset);
  }

  /** Passes one event. Keeps the offset exact beyond 4 GiB, where the header's 32 bits wrap. */
  advance(type: number, b: Buffer, start: number): void {
    const next = eventNextOffset(b, start);
    // A rotate names its place itself; a heartbeat stands in no file.
    if (type === EVENT.ROTATE || type === EVENT.HEARTBEAT || type === EVENT.HEARTBEAT_V2 || next === 0) return;
    if ((eventFlags(b, start) & LOG_EVENT_ARTIFICIAL_F) !== 0) return;
    if (this.#wrappedBytes + next < this.offset) this.#wrappedBytes += TWO_TO_32;
    this.offset = this.#wrappedBytes + next;
  }

  /**
   * A heartbeat says where the server stands: it passes transactions over that a session with GTIDs has. Beyond 4 GiB
   * it says too little, never too much.
   */
  hear(b: Buffer, start: number): void {
    const next = this.#wrappedBytes + eventNextOffset(b, start);
    if (next > this.#heard) this.#heard = next;
  }

  /** Everything before it in the file was read, or needs not be. Between transactions only. */
  get passed(): number {
    return Math.max(this.boundary, this.#heard);
  }

  /** Passes an event whose header cannot be trusted. */
  advanceBy(sizeBytes: number): void {
    this.#standAt(this.offset + sizeBytes);
  }

  /** The transaction has ended. */
  atBoundary(): void {
    this.boundary = this.offset;
  }

  /** A new session begins at the boundary. */
  rewind(): void {
    this.#standAt(this.boundary);
  }

  /**
   * A session that follows GTIDs begins with the file's head and passes what was read: the boundary stays where it is.
   */
  reopen(offset: number): void {
    this.#standAt(offset);
  }

  /** ROTATE: the stream goes on there. */
  moveTo(file: string, offset: number): void {
    this.file = file;
    this.boundary = offset;
    this.#standAt(offset);
  }

  #standAt(offset: number): void {
    this.offset = offset;
    this.#heard = 0;
    this.#wrappedBytes = offset - (offset % TWO_TO_32);
  }
}

const TWO_TO_32 = 2 ** 32;
