import { createPool, type Pool } from 'mysql2/promise';
import { Replay, type MessageBody, type ReplayCounts } from './replay.ts';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { topicMessages } from '../../dev/topic-messages.ts';

export interface Topic {
  readonly endpoint: string;
  readonly topic: string;
  readonly group: string;
  /** How long a message whose acknowledgement was lost holds up its queue. */
  readonly invisibleMs?: number;
}

/** No message for this long: everything that the broker has was read. */
const IDLE_MS = 2_000;
const RECENT = 500;
/** Readers of one group share the queues among them; a queue, and so a lane, is with one of them at a time. */
const READERS = 4;

/** Another team: reads the topic and keeps a copy of the shop. */
export class CopyReader {
  /** From commit on the source until this process has the message, in ms, one entry a message. */
  readonly lagsMs: number[] = [];
  readonly #stop = new AbortController();
  readonly #connections: Pool;
  readonly #replay: Replay;
  readonly #bodies: MessageBody[] = [];
  readonly #ended: Promise<void>;
  #lastMs = performance.now();
  #failure: Error | undefined;

  constructor(topic: Topic, { host, port, user, password }: MysqlAddress, copy: string) {
    this.#connections = createPool({ host, port, user, password, connectionLimit: READERS });
    this.#connections.on('connection', (connection) => {
      // The copy's own changes need no binlog: nobody reads them, and the relay would have to step over them.
      void connection.query("SET time_zone = '+00:00', sql_mode = '', sql_log_bin = 0");
    });
    this.#replay = new Replay(this.#connections, () => copy);
    const readers = Array.from({ length: READERS }, () => this.#read(topic));
    this.#ended = Promise.all(readers).then(
      () => undefined,
      (error: unknown) => {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.#stop.abort();
      },
    );
  }

  get counts(): ReplayCounts {
    return this.#replay.counts;
  }

  recentLagsMs(): readonly number[] {
    return this.lagsMs.slice(-RECENT);
  }

  find(wanted: (body: MessageBody) => boolean): MessageBody | undefined {
    return this.#bodies.find(wanted);
  }

  /** Resolves when no message has come for a while. Throws what ended the reading. */
  async idle(): Promise<void> {
    while (performance.now() - this.#lastMs < IDLE_MS) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await this.#connections.end();
  }

  async #read(topic: Topic): Promise<void> {
    for await (const message of topicMessages({ ...topic, signal: this.#stop.signal })) {
      const body = await this.#replay.apply(message);
      // It says how far a lane is, whether anything is new or not.
      if ('progress' in body) continue;
      this.lagsMs.push(message.receivedMs - body.es);
      if (!body.isDdl && !('copy' in body) && this.#bodies.length < RECENT) this.#bodies.push(body);
      this.#lastMs = performance.now();
    }
  }
}
