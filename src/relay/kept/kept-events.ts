import { GrowingBytes, type HeldBytes } from '../../base/growing-bytes.ts';
import { eventSize, setEventSize } from '../../binlog/wire/event-header.ts';
import { eventsIn, type NestedEvent } from '../../binlog/wire/event-sequence.ts';
import type { CreateSpillFile, SpillFile } from './spill.ts';

export interface KeptEventsOptions {
  readonly held: HeldBytes;
  /** How many bytes of events may stay in memory; more go to a file. */
  readonly memoryBytes: number;
  readonly createSpillFile: CreateSpillFile;
}

/**
 * Whole events, without checksums, until it is known what becomes of them: in memory or, when that is too little, in a
 * file.
 */
export class KeptEvents {
  /** Of all its events, wherever they are. */
  sizeBytes = 0;
  readonly #options: KeptEventsOptions;
  /** All events, or those that wait to be written to the file. */
  #memory: GrowingBytes;
  /** False from `clear` on: the buffer stays for the next events, and is not counted meanwhile. */
  #isHeld = true;
  #file: SpillFile | undefined;
  #fileBytes = 0;
  /** Those of the read that is going on, after all others. The records are used again. */
  readonly #borrowed: NestedEvent[] = [];
  #borrowedCount = 0;
  #borrowedBytes = 0;

  constructor(options: KeptEventsOptions) {
    this.#options = options;
    this.#memory = new GrowingBytes(options.held, FIRST_BYTES);
    this.#hold(false);
  }

  get isEmpty(): boolean {
    return this.sizeBytes === 0;
  }

  /** What it takes of the memory that the relay may hold; nothing while it is empty. */
  get memoryBytes(): number {
    return this.#isHeld ? this.#memory.buffer.length : 0;
  }

  /**
   * Keeps one event where it is; `end` is after its body. Its bytes must stay as they are until `settle`. What would be
   * too much for memory is settled at once: compressed events may be a thousand times as large as what the socket has
   * brought. Throws SPILL_FAILED.
   */
  add(b: Buffer, start: number, end: number): void {
    const borrowed = (this.#borrowed[this.#borrowedCount] ??= { buffer: b, start, end });
    borrowed.buffer = b;
    borrowed.start = start;
    borrowed.end = end;
    this.#borrowedCount += 1;
    this.#borrowedBytes += end - start;
    this.sizeBytes += end - start;
    if (this.#borrowedBytes > this.#options.memoryBytes) this.settle();
  }

  /** Copies the events that are still where they came. Throws SPILL_FAILED. */
  settle(): void {
    if (this.#borrowedCount === 0) return;
    if (!this.#isHeld) this.#hold(true);
    let keptBytes = this.#fileBytes + this.#memory.length;
    for (let i = 0; i < this.#borrowedCount; i += 1) {
      const { buffer, start, end } = this.#borrowed[i] ?? NOTHING;
      keptBytes += end - start;
      if (this.#file === undefined && keptBytes > this.#options.memoryBytes) this.#beginFile();
      this.#copy(buffer, start, end);
    }
    this.#giveBack();
  }

  /** Moves what it has to a file; what comes goes there as well. Throws SPILL_FAILED. */
  spill(): void {
    this.settle();
    this.#beginFile();
  }

  /** Forgets everything beyond the first `sizeBytes`, where an event ends. Throws SPILL_FAILED. */
  truncate(sizeBytes: number): void {
    this.settle();
    this.sizeBytes = sizeBytes;
    if (sizeBytes < this.#fileBytes) {
      this.#file?.truncate(sizeBytes);
      this.#fileBytes = sizeBytes;
    }
    this.#memory.length = sizeBytes - this.#fileBytes;
  }

  /** Gives its events to `take`, in order. Throws SPILL_FAILED. */
  forEach(take: (b: Buffer, start: number, end: number) => void): void {
    if (this.#file !== undefined) {
      for (const { buffer, start, end } of this.events()) take(buffer, start, end);
      return;
    }
    this.#forEachInMemory(take);
    for (let i = 0; i < this.#borrowedCount; i += 1) {
      const { buffer, start, end } = this.#borrowed[i] ?? NOTHING;
      take(buffer, start, end);
    }
  }

  #forEachInMemory(take: (b: Buffer, start: number, end: number) => void): void {
    const { buffer, length } = this.#memory;
    for (let start = 0; start < length;) {
      const end = start + eventSize(buffer, start);
      take(buffer, start, end);
      start = end;
    }
  }

  /** Its events, in order, any number of times. Throws SPILL_FAILED. */
  events(): Generator<NestedEvent, void, undefined> {
    this.settle();
    return eventsIn(this.#pieces(), this.sizeBytes, 'the events of a transaction');
  }

  /** Forgets all events, and can be used again. */
  clear(): void {
    this.sizeBytes = 0;
    this.#giveBack();
    if (!this.#isHeld) return;
    this.#file?.close();
    this.#file = undefined;
    this.#fileBytes = 0;
    if (this.#memory.buffer.length > WRITE_BYTES) this.#renewMemory(FIRST_BYTES);
    this.#memory.length = 0;
    this.#hold(false);
  }

  /** Forgets all events. It must not be used again. */
  release(): void {
    this.clear();
    this.#hold(true);
    this.#memory.recycle();
  }

  /** The buffers of the borrowed events are not needed any more. */
  #giveBack(): void {
    for (let i = 0; i < this.#borrowedCount; i += 1) {
      const borrowed = this.#borrowed[i];
      if (borrowed !== undefined) borrowed.buffer = NOTHING.buffer;
    }
    this.#borrowedCount = 0;
    this.#borrowedBytes = 0;
    // One large transaction has made it long.
    if (this.#borrowed.length > BORROWED_RECORDS) this.#borrowed.length = BORROWED_RECORDS;
  }

  #copy(b: Buffer, start: number, end: number): void {
    const size = end - start;
    const memory = this.#memory;
    const at = memory.length;
    const to = memory.reserve(size);
    b.copy(to, at, start, end);
    setEventSize(to, at, size);
    memory.length = at + size;
    if (this.#file !== undefined && memory.length >= WRITE_BYTES) this.#write(this.#file);
  }

  #beginFile(): void {
    this.#file ??= this.#options.createSpillFile();
    this.#write(this.#file);
    this.#renewMemory(0);
  }

  #hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#options.held.bytes += isHeld ? this.#memory.buffer.length : -this.#memory.buffer.length;
  }

  *#pieces(): Generator<Buffer, void, undefined> {
    const file = this.#file;
    if (file !== undefined) for (let at = 0; at < this.#fileBytes; at += READ_BYTES) yield file.read(at, READ_BYTES);
    if (this.#memory.length > 0) yield this.#memory.written();
  }

  #write(file: SpillFile): void {
    file.append(this.#memory.written());
    this.#fileBytes += this.#memory.length;
    this.#memory.length = 0;
    // One large event has made it large.
    if (this.#memory.buffer.length > 2 * WRITE_BYTES) this.#renewMemory(WRITE_BYTES);
  }

  #renewMemory(capacity: number): void {
    this.#memory.recycle();
    this.#memory = new GrowingBytes(this.#options.held, capacity);
  }
}

const NOTHING: NestedEvent = { buffer: Buffer.alloc(0), start: 0, end: 0 };
const BORROWED_RECORDS = 1 << 10;
const FIRST_BYTES = 1 << 10;
const WRITE_BYTES = 64 << 10;
const READ_BYTES = 256 << 10;
