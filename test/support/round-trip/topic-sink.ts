import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { MysqlAddress } from '../../../dev/servers/servers.ts';
import { Applier } from '../../../src/apply/run/applier.ts';
import { openSession } from '../../../src/apply/target/session.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createRocketmqSink, type RocketmqSink } from '../../../src/sink/rocketmq.ts';
import type { OutboundMessage, SinkInfo } from '../../../src/sink/sink.ts';
import { openTopic } from '../../../src/topic/reader.ts';
import { connectMysql, freshTopic, sharedRocketmq, uniqueName, type FreshTopic } from '../servers.ts';
import { targetOf } from './apply-sink.ts';
import type { ReadingSink } from './reading-sink.ts';

const STUCK_MS = 120_000;
const MAX_BODIES = 20;
const LOGGER = pino({ level: 'silent' });

/** A topic of a real broker, and `apply` as it runs: what was sent is read back and written. */
export class TopicSink implements ReadingSink {
  readonly bodies: string[] = [];
  failure: string | undefined;
  changes = 0;
  readonly #sink: RocketmqSink;
  readonly #applier: Applier;
  readonly #ledger: string;
  readonly #copy: MysqlAddress;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** By lane, the newest that the broker has. */
  readonly #sent = new Map<string, number>();

  private constructor(copy: MysqlAddress, rename: Readonly<Record<string, string>>, { topic, group }: FreshTopic) {
    const { endpoint } = sharedRocketmq();
    const place = { endpoint, topic, namespace: '', tls: { enabled: false } };
    this.#copy = copy;
    this.#ledger = uniqueName('ledger_');
    this.#sink = createRocketmqSink({ ...place, sendTimeoutMs: 10_000 }, { clock: systemClock, logger: LOGGER });
    const surroundings = { clock: systemClock, random: Math.random, logger: LOGGER };
    const source = { ...place, endpoints: [endpoint], group };
    this.#applier = new Applier({
      config: {
        source,
        tables: { include: ['*.*'], exclude: [], rename },
        connections: 4,
        create: false,
        deletes: 'apply',
        statements: 'ignore',
        uniqueKeys: 'refuse',
        ledger: this.#ledger,
      },
      fromHere: false,
      acceptNew: false,
      statementDone: undefined,
      openTopic: (onEvent) => openTopic(source, { ...surroundings, onEvent }),
      openSession: (closing) => openSession(targetOf(copy), systemClock, closing),
      ...surroundings,
    });
    this.#running = this.#applier.run(this.#stop.signal).catch((error: unknown) => {
      this.failure = error instanceof Error ? error.message : String(error);
    });
  }

  static async create(copy: MysqlAddress, copyDatabase: string, database: string): Promise<TopicSink> {
    return new TopicSink(copy, { [database]: copyDatabase }, await freshTopic({ prefix: 'round-trip' }));
  }

  open(): Promise<SinkInfo> {
    return this.#sink.open();
  }

  async send(message: OutboundMessage): Promise<void> {
    const { lane, body, properties } = message;
    this.bodies.push(body.toString());
    if (this.bodies.length > MAX_BODIES) this.bodies.shift();
    await this.#sink.send(message);
    this.changes += Number(properties.get('rows'));
    this.#sent.set(lane, Number(properties.get('sequence')));
  }

  close(): Promise<void> {
    return this.#sink.close();
  }

  /** Waits until apply has written all of it. */
  async finish(): Promise<void> {
    const deadlineMs = performance.now() + STUCK_MS;
    while (this.failure === undefined && !this.#isWritten()) {
      const [blocked] = this.#applier.status().blocked;
      if (performance.now() > deadlineMs) this.failure = blocked?.message ?? 'apply does not come to the end';
      await sleep(20);
    }
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    const connection = await connectMysql(this.#copy);
    await connection.query(`DROP DATABASE IF EXISTS ${this.#ledger}`);
    await connection.end();
  }

  #isWritten(): boolean {
    const written = new Map(this.#applier.status().lanes.map(({ lane, sequence }) => [lane, sequence]));
    return [...this.#sent].every(([lane, sequence]) => (written.get(lane) ?? 0) >= sequence);
  }
}
