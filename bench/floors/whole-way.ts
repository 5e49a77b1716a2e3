/**
 * The prototype of the whole way, for inserts only: dump connection, checksum, row image to JSON, lanes by key,
 * messages, the named client. No change ids, no checkpoint, no low-water mark, no key index, no status: what the
 * relay's own figures are measured against.
 */
import type { Tap } from '../../src/source/source.ts';
import { peakRssMb, Stopwatch, type Usage } from '../measure/stopwatch.ts';
import { programArguments, report } from '../measure/program.ts';
import { openDump, type DumpAddress } from './dump.ts';
import { startProducer } from './producer.ts';
import { RowEvents } from './row-events.ts';
import type { Place, WriteRow } from './row-writer.ts';

export interface WholeWayArguments {
  readonly mysql: DumpAddress;
  readonly endpoint: string;
  readonly topic: string;
  readonly lanes: readonly string[];
  readonly rows: number;
  readonly messageBytes: number;
}

export interface WholeWayResult extends Usage {
  readonly messages: number;
  readonly bytes: number;
  readonly peakRssMb: number;
}

const HEAD = Buffer.from(
  '{"type":"INSERT","database":"bench","table":"orders","pkNames":["id"],"isDdl":false,"data":[',
);
const TAIL = Buffer.from(']}');
/** More than the largest row takes as JSON. */
const ROW_ROOM_BYTES = 16 << 10;
const MAX_HELD_BYTES = 32 << 20;

const { mysql, endpoint, topic, lanes: laneNames, rows, messageBytes } = programArguments<WholeWayArguments>();
const producer = await startProducer(endpoint, topic);

interface Batch {
  readonly buffer: Buffer;
  bytes: number;
  rows: number;
}

const total = { acknowledged: 0, messages: 0, bytes: 0, held: 0 };
let stopwatch: Stopwatch | undefined;
let tap: Tap | undefined;
let isPaused = false;

class FloorLane {
  readonly #name: string;
  readonly #full: Batch[] = [];
  #open: Batch | undefined;
  #isSending = false;

  constructor(name: string) {
    this.#name = name;
  }

  add(b: Buffer, at: Place, write: WriteRow): void {
    const batch = (this.#open ??= opened());
    if (batch.rows > 0) batch.buffer[batch.bytes++] = 44;
    at.o = batch.bytes;
    write(b, at, batch.buffer);
    batch.bytes = at.o;
    batch.rows += 1;
    if (batch.bytes < messageBytes) return;
    this.#full.push(this.#seal(batch));
    this.pump();
  }

  pump(): void {
    if (this.#isSending) return;
    const batch = this.#full.shift() ?? (this.#open === undefined ? undefined : this.#seal(this.#open));
    if (batch === undefined) return;
    this.#isSending = true;
    const body = batch.buffer.subarray(0, batch.bytes);
    producer.send({ topic, tag: 'orders', messageGroup: this.#name, body }).then(
      () => {
        this.#isSending = false;
        acknowledged(batch);
        this.pump();
      },
      (error: unknown) => {
        throw error;
      },
    );
  }

  #seal(batch: Batch): Batch {
    batch.bytes += TAIL.copy(batch.buffer, batch.bytes);
    total.held += batch.bytes;
    this.#open = undefined;
    return batch;
  }
}

function opened(): Batch {
  const buffer = Buffer.allocUnsafe(messageBytes + ROW_ROOM_BYTES);
  return { buffer, bytes: HEAD.copy(buffer), rows: 0 };
}

function acknowledged(batch: Batch): void {
  total.acknowledged += batch.rows;
  total.messages += 1;
  total.bytes += batch.bytes;
  total.held -= batch.bytes;
  if (isPaused && total.held < MAX_HELD_BYTES / 2) {
    isPaused = false;
    tap?.resume();
  }
  if (total.acknowledged < rows || stopwatch === undefined) return;
  const { messages, bytes } = total;
  report({ ...stopwatch.read(), messages, bytes, peakRssMb: peakRssMb() } satisfies WholeWayResult);
}

const lanes = laneNames.map((name) => new FloorLane(name));
const place: Place = { p: 0, o: 0 };
const events = new RowEvents((b, p, end, write) => {
  for (place.p = p; place.p < end;) {
    // Behind the null bitmap of one byte stands the key, a BIGINT.
    const hash = Math.imul(b.readUInt32LE(place.p + 1), 0x9e3779b1) >>> 0;
    lanes[hash % lanes.length]?.add(b, place, write);
  }
});

await openDump(mysql, {
  begin: (opening) => {
    tap = opening;
    stopwatch = new Stopwatch();
  },
  event: (b, start, end) => {
    events.event(b, start, end);
    if (isPaused || total.held < MAX_HELD_BYTES) return;
    isPaused = true;
    tap?.pause();
  },
  endOfRead: () => {
    for (const lane of lanes) lane.pump();
  },
});
