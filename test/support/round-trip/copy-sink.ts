import type { Connection } from 'mysql2/promise';
import { Replay, type MessageBody } from '../replay.ts';
import type { OutboundMessage, SinkInfo } from '../../../src/sink/sink.ts';
import type { ReadingSink } from './reading-sink.ts';
import { Ledger } from './ledger.ts';
import type { TestTable } from './tables.ts';
import { laneNames } from '../lane-names.ts';

const MAX_BODIES = 20;
const ROWS_A_STATEMENT = 200;

/** Broker and reader in one: a message is acknowledged when the copy has it. */
export class CopySink implements ReadingSink {
  readonly ledger = new Ledger();
  readonly bodies: string[] = [];
  /** Why a message could not be applied; what comes after it is not looked at. */
  failure: string | undefined;
  readonly #replay: Replay;
  readonly #tamper: (body: string) => string;
  /** The newest message of every table without a key: it names the types. */
  readonly #keyless = new Map<string, MessageBody>();
  #last: Promise<void> = Promise.resolve();

  constructor(copy: Connection, copyDatabase: string, tamper: (body: string) => string) {
    this.#replay = new Replay(copy, () => copyDatabase);
    this.#tamper = tamper;
  }

  get changes(): number {
    return this.ledger.changes;
  }

  open(): Promise<SinkInfo> {
    return Promise.resolve({ destination: 'a copy', queues: 1, laneNames });
  }

  send(message: OutboundMessage): Promise<void> {
    this.#last = this.#last.then(() => this.#take(message));
    return this.#last;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Writes the rows of tables without a key: which of them are there at the end is known only by their whole text. */
  async finish(tables: readonly TestTable[]): Promise<void> {
    for (const { name } of tables) {
      const body = this.#keyless.get(name);
      if (body === undefined) continue;
      const rows = this.ledger.rowsOf(name);
      for (let i = 0; i < rows.length; i += ROWS_A_STATEMENT)
        await this.#replay.write({ ...body, type: 'INSERT', data: rows.slice(i, i + ROWS_A_STATEMENT), old: null });
    }
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  async #take(message: OutboundMessage): Promise<void> {
    if (this.failure !== undefined) return;
    const text = this.#tamper(message.body.toString());
    this.bodies.push(text);
    if (this.bodies.length > MAX_BODIES) this.bodies.shift();
    try {
      await this.#replay.apply({ ...message, body: Buffer.from(text) }, (fresh) => this.#write(fresh));
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  async #write(fresh: MessageBody): Promise<void> {
    this.ledger.apply(fresh);
    if (fresh.pkNames === null) this.#keyless.set(fresh.table, fresh);
    else await this.#replay.write(fresh);
  }
}
