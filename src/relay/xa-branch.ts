import { GrowingBytes, type HeldBytes } from '../base/growing-bytes.ts';
import { setEventSize } from '../binlog/event-header.ts';
import { eventsIn, type NestedEvent } from '../binlog/event-sequence.ts';
import type { Transaction } from '../change/change.ts';
import type { Segment } from './low-water-mark.ts';
import type { CreateSpillFile, SpillFile } from './spill.ts';

/** The rows of one XA branch, kept until it is known whether they count: whole events, in memory or, when that is too little, in a file. */
export class XaBranch {
  /** See XaStatement. */
  readonly xid: string;
  /** The one in which the rows were logged: their change ids are made of it. */
  readonly transaction: Transaction;
  /** Version of the server that logged them. */
  readonly writerVersion: number;
  /** What holds the low-water mark, once it is prepared. */
  segment: Segment | undefined;
  /** Of all its events, wherever they are. */
  sizeBytes = 0;
  /** The operator was told that it has been open for long. */
  isReported = false;
  readonly #held: HeldBytes;
  /** All events, or those that wait to be written to the file. */
  #memory: GrowingBytes;
  #file: SpillFile | undefined;

  constructor(xid: string, transaction: Transaction, writerVersion: number, held: HeldBytes) {
    this.xid = xid;
    this.transaction = { ...transaction };
    this.writerVersion = writerVersion;
    this.#held = held;
    this.#memory = new GrowingBytes(held, FIRST_BYTES);
  }

  /** How much more memory it would take to add `sizeBytes`. */
  growth(sizeBytes: number): number {
    const { length, buffer } = this.#memory;
    return length + sizeBytes <= buffer.length ? 0 : Math.max(buffer.length, sizeBytes);
  }

  get isSpilled(): boolean {
    return this.#file !== undefined;
  }

  /** Copies one event; `end` is behind its body. */
  add(b: Buffer, start: number, end: number): void {
    const at = this.#memory.length;
    this.#memory.append(b.subarray(start, end));
    setEventSize(this.#memory.buffer, at, end - start);
    this.sizeBytes += end - start;
    if (this.#file !== undefined && this.#memory.length >= WRITE_BYTES) this.#write(this.#file);
  }

  /** Moves what it has to a file, and what comes. */
  spill(create: CreateSpillFile): void {
    this.#file = create();
    this.#write(this.#file);
  }

  /** It gets no more events. */
  seal(): void {
    if (this.#file === undefined) return;
    this.#write(this.#file);
    this.#memory.release();
  }

  /** Its events, in order, any number of times; `seal` first. */
  events(): Generator<NestedEvent, void, undefined> {
    const pieces = this.#file === undefined ? [this.#memory.written()] : piecesOf(this.#file, this.sizeBytes);
    return eventsIn(pieces, this.sizeBytes, 'an XA branch');
  }

  /** Forgets everything. It must not be used again. */
  release(): void {
    this.#memory.release();
    this.#file?.close();
    this.#file = undefined;
  }

  #write(file: SpillFile): void {
    file.append(this.#memory.written());
    this.#memory.release();
    this.#memory = new GrowingBytes(this.#held, WRITE_BYTES);
  }
}

function* piecesOf(file: SpillFile, sizeBytes: number): Generator<Buffer, void, undefined> {
  for (let at = 0; at < sizeBytes; at += READ_BYTES) yield file.read(at, READ_BYTES);
}

const FIRST_BYTES = 1 << 10;
const WRITE_BYTES = 64 << 10;
const READ_BYTES = 256 << 10;
