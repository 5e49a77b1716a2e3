/** Damaged streams, and a relay that reads one after the other. */
import { HEADER_BYTES, setEventSize } from '../../src/binlog/wire/event-header.ts';
import { nestedEvents } from '../../src/binlog/wire/transaction-payload.ts';
import { codeOf, madeEvent, withoutChecksum, type FixtureEvent } from './binlog-fixture.ts';
import { TestFlow, type FlowOptions } from './flow.ts';

/** A fixture without checksums, so that damage comes through to what reads the bytes. */
export interface Stream {
  /** What every session begins with. */
  readonly preamble: readonly FixtureEvent[];
  readonly transactions: readonly (readonly FixtureEvent[])[];
}

const isTransactionStart = ({ name }: FixtureEvent): boolean => /^(ANONYMOUS_)?GTID(_TAGGED)?$/.test(name);

export function streamOf(events: readonly FixtureEvent[]): Stream {
  const hasChecksum = events.find(({ name }) => name === 'FORMAT_DESCRIPTION')?.bytes.at(-5) === 1;
  const plain = (hasChecksum ? events.map(withoutChecksum) : events).map(unpacked);
  const starts = plain.flatMap((event, i) => (isTransactionStart(event) ? [i] : []));
  return {
    preamble: plain.slice(0, starts[0]),
    transactions: starts.map((start, i) => plain.slice(start, starts[i + 1] ?? -1)),
  };
}

const PAYLOAD = 40;
const NOT_COMPRESSED = [2, 3, 252, 255, 0];

/** A payload that is not compressed in place of a compressed one: what is inside can be damaged then. */
function unpacked(event: FixtureEvent): FixtureEvent {
  if (event.name !== 'TRANSACTION_PAYLOAD') return event;
  const inner: Buffer[] = [];
  for (const { buffer, start, end } of nestedEvents(event.bytes, 0, event.bytes.length))
    inner.push(Buffer.from(buffer.subarray(start, end)));
  const payload = Buffer.concat(inner);
  const size = Buffer.of(1, 9, 254, 0, 0, 0, 0, 0, 0, 0, 0);
  size.writeUInt32LE(payload.length, 3);
  return { ...event, bytes: madeEvent(PAYLOAD, Buffer.concat([size, Buffer.of(...NOT_COMPRESSED), payload])) };
}

/** The first `size` bytes of an event that says itself that it is so long. */
export function cutTo(event: Buffer, size: number): Buffer {
  const cut = Buffer.from(event.subarray(0, size));
  if (cut.length >= HEADER_BYTES) setEventSize(cut, 0, size);
  return cut;
}

export function withByte(event: Buffer, at: number, value: number): Buffer {
  const damaged = Buffer.from(event);
  damaged.writeUInt8(value, at);
  return damaged;
}

/**
 * Reads streams that have nothing to do with each other, each as a session after a lost connection: what was compiled
 * for a table is kept.
 */
export class DamageBench {
  /** How often each code came; `none`: nothing was noticed. */
  readonly outcomes = new Map<string, number>();
  /** Of a session: the most that messages have held. */
  maxHeldBytes = 0;
  readonly #flow: TestFlow;
  readonly #stream: Stream;

  constructor(stream: Stream, options: FlowOptions) {
    this.#stream = stream;
    this.#flow = new TestFlow(options);
  }

  /**
   * Reads transaction `n` with `damaged` in the place of its `i`-th event, and those behind it. Returns the code of the
   * error; throws what is no RelayError.
   */
  read(n: number, i: number, damaged: Buffer, behind = 0): string | undefined {
    const { preamble, transactions } = this.#stream;
    const flow = this.#flow;
    flow.intake.restart();
    // The first transaction holds no rows; after it a transaction that was cut is not taken for the same again.
    flow.read([...preamble, ...(transactions[0] ?? [])]);
    const code = codeOf(() => {
      (transactions[n] ?? []).forEach(({ name, bytes }, k) => flow.read([{ name, bytes: k === i ? damaged : bytes }]));
      for (const next of transactions.slice(n + 1, n + 1 + behind)) flow.read(next);
    });
    this.maxHeldBytes = Math.max(this.maxHeldBytes, flow.outbox.held.bytes);
    const outcome = code ?? 'none';
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    return code;
  }

  /** Sends what is held; throws when a body is no JSON. */
  async drain(): Promise<number> {
    await this.#flow.drain();
    const rows = this.#flow.changes().length;
    this.#flow.sent.length = 0;
    return rows;
  }
}
