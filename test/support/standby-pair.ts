/**
 * Relays of one configuration with `ha: standby`, one table, and what the topic has of it, message by message.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelayProcess } from '../../dev/relay-process.ts';
import { topicMessages } from '../../dev/topic-messages.ts';
import { connectMysql, freshDatabase, freshTopic, sharedMysql, sharedRocketmq, uniqueName } from './servers.ts';
import type { FreshDatabase, FreshTopic } from './servers.ts';

type Section = Readonly<Record<string, unknown>>;

/** Whole sections; of `source` what is added. */
type PairSections = Section & { readonly source?: Section };

/** One message with rows, in the order of its lane. */
export interface SeenMessage {
  readonly lane: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly ids: readonly number[];
  /** When the relay packed it, ms since 1970. */
  readonly packedMs: number;
  /** Where the broker has stored it. */
  readonly queue: string;
  readonly offset: bigint;
}

/** Where the relays reach MySQL, both as source and for the checkpoint. */
interface Address {
  readonly host: string;
  readonly port: number;
}

export class StandbyPair {
  readonly messages: SeenMessage[] = [];
  readonly #db: FreshDatabase;
  readonly #state: FreshDatabase;
  readonly #topic: FreshTopic;
  readonly #folder: string;
  readonly #mysql: Address;
  readonly #sections: Section;
  readonly #source: Section;
  readonly #relays: RelayProcess[] = [];
  readonly #ending = new AbortController();
  readonly #reading: Promise<void>;
  #lastId = 0;
  #writing: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  private constructor(
    places: { readonly db: FreshDatabase; readonly state: FreshDatabase; readonly topic: FreshTopic },
    folder: string,
    mysql: Address,
    { source = {}, ...sections }: PairSections,
  ) {
    this.#db = places.db;
    this.#state = places.state;
    this.#topic = places.topic;
    this.#folder = folder;
    this.#mysql = mysql;
    this.#sections = sections;
    this.#source = source;
    this.#reading = this.#read();
  }

  static async create(mysql: Address = sharedMysql(), sections: PairSections = {}): Promise<StandbyPair> {
    const db = await freshDatabase({ prefix: 'pair' });
    await db.connection.query('CREATE TABLE t (id INT PRIMARY KEY)');
    const state = await freshDatabase({ prefix: 'pairstate' });
    const topic = await freshTopic();
    const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-pair-'));
    return new StandbyPair({ db, state, topic }, folder, mysql, sections);
  }

  async start(name: string, ...args: readonly string[]): Promise<RelayProcess> {
    const { relayUser, relayPassword, user, password } = sharedMysql();
    const { host, port } = this.#mysql;
    const relay = await RelayProcess.start({
      folder: join(this.#folder, uniqueName(`${name}-`)),
      args,
      config: {
        source: { host, port, user: relayUser, password: relayPassword, ...this.#source },
        tables: { include: [`${this.#db.name}.*`] },
        sink: { endpoint: sharedRocketmq().endpoint, topic: this.#topic.topic },
        checkpoint: { type: 'mysql', host, port, user, password, database: this.#state.name, name: 'pair' },
        ha: 'standby',
        ...this.#sections,
      },
    });
    this.#relays.push(relay);
    return relay;
  }

  /** Commits a row every few milliseconds until `endWriting`. */
  write(everyMs = 5): void {
    const stop = new AbortController();
    const insert = async (): Promise<void> => {
      const connection = await connectMysql();
      while (!stop.signal.aborted) {
        await connection.query(`INSERT INTO ${this.#db.name}.t VALUES (?)`, [(this.#lastId += 1)]);
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
      await connection.end();
    };
    this.#writing = { stop, ended: insert() };
  }

  /** Commits many rows at once. */
  async writeMany(rows: number): Promise<void> {
    const connection = await connectMysql();
    const ids = Array.from({ length: rows }, () => [(this.#lastId += 1)]);
    await connection.query(`INSERT INTO ${this.#db.name}.t VALUES ?`, [ids]);
    await connection.end();
  }

  /** Resolves when every row that was committed is in the topic; how many they are. */
  async endWriting(timeoutMs = 60_000): Promise<number> {
    this.#writing?.stop.abort();
    await this.#writing?.ended;
    await this.until(
      () => this.missing().length === 0,
      timeoutMs,
      () => `missing: ${this.missing().join(' ')}`,
    );
    return this.#lastId;
  }

  missing(): readonly number[] {
    const seen = new Set(this.messages.flatMap(({ ids }) => ids));
    return Array.from({ length: this.#lastId }, (_, n) => n + 1).filter((id) => !seen.has(id));
  }

  /** In the topic behind the first message of a later epoch in the same lane, where readers drop them. */
  late(): readonly SeenMessage[] {
    const newest = new Map<string, number>();
    const stored = this.messages.toSorted((a, b) => Number(a.offset - b.offset));
    return stored.filter(({ lane, epoch }) => {
      const before = newest.get(lane) ?? 0;
      newest.set(lane, Math.max(before, epoch));
      return epoch < before;
    });
  }

  /** Packed last, or first, in an epoch: ms since 1970. */
  packedMs(epoch: number, which: 'first' | 'last'): number {
    const times = this.messages.filter((message) => message.epoch === epoch).map(({ packedMs }) => packedMs);
    return which === 'first' ? Math.min(...times) : Math.max(...times);
  }

  async until(holds: () => boolean, timeoutMs: number, why: () => string): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!holds()) {
      if (performance.now() > deadlineMs) throw new Error(`waited in vain; ${why()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async remove(): Promise<void> {
    this.#writing?.stop.abort();
    await this.#writing?.ended;
    for (const relay of this.#relays) await relay.kill9();
    this.#ending.abort();
    await this.#reading;
    await Promise.all([this.#db.drop(), this.#state.drop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #read(): Promise<void> {
    const options = { endpoint: sharedRocketmq().endpoint, ...this.#topic, signal: this.#ending.signal };
    const seen = new Set<string>();
    for await (const { lane, properties, body, broker, queue, offset } of topicMessages(options)) {
      // One that the broker delivers again was stored once.
      const place = `${broker} ${queue} ${offset}`;
      if (seen.has(place)) continue;
      seen.add(place);
      const { data, ts } = JSON.parse(body.toString()) as {
        readonly data: readonly { readonly id: string }[] | null;
        readonly ts: number;
      };
      this.messages.push({
        lane,
        epoch: Number(properties.get('epoch')),
        sequence: Number(properties.get('sequence')),
        ids: (data ?? []).map(({ id }) => Number(id)),
        packedMs: ts,
        queue: `${broker} ${queue}`,
        offset,
      });
    }
  }
}
