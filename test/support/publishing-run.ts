/** A relay between a real MySQL and a list of messages, for tests of what it publishes under a policy. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { pino } from 'pino';
import type { MessageBody } from './replay.ts';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { asRelayError, type RelayError } from '../../src/base/errors.ts';
import type { Ordering } from '../../src/change/change.ts';
import type { StartSetting } from '../../src/config/config.ts';
import type { TablePatterns } from '../../src/change/table-filter.ts';
import { EXACT, type PublishPolicy } from '../../src/relay/tables/publish-policy.ts';
import type { RelayCounters } from '../../src/relay/relay.ts';
import type { Relay } from '../../src/relay/run/run.ts';
import type { OutboundMessage } from '../../src/sink/sink.ts';
import { holdsGtids, newestGtids } from './gtids.ts';
import { realSourceRelay } from './real-source-relay.ts';
import { laneNames } from './lane-names.ts';
import { isBeginning } from './relay-states.ts';

const PATIENCE_MS = 60_000;

export interface PublishingOptions {
  /** Default: the next transaction. */
  readonly start?: StartSetting;
  readonly heldBytes?: number;
  readonly publish?: Partial<PublishPolicy>;
  readonly progressMs?: number;
  readonly ordering?: Ordering;
  readonly tables?: Partial<TablePatterns>;
}

export class PublishingRun {
  readonly sent: OutboundMessage[] = [];
  /** The texts of what was logged as a warning. */
  readonly warnings: string[] = [];
  failure: RelayError | undefined;
  readonly #relay: Relay;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  private constructor(
    mysql: MysqlAddress,
    database: string,
    { publish, progressMs, ordering = 'key', heldBytes = 32 << 20, tables, start = 'latest' }: PublishingOptions,
  ) {
    const write = (line: string): number => this.warnings.push((JSON.parse(line) as { readonly msg: string }).msg);
    this.#relay = realSourceRelay({
      mysql,
      tables: { include: [`${database}.*`], ...tables },
      start,
      sink: {
        open: () =>
          Promise.resolve({
            destination: 'a list',
            queues: 1,
            maxBodyBytes: 4 << 20,
            laneNames,
          }),
        send: (message) => {
          this.sent.push({ ...message, body: Buffer.from(message.body) });
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      },
      ordering,
      lanes: ordering === 'total' ? 1 : 4,
      publish: { ...EXACT, ...publish },
      progressMs,
      heldBytes,
      logger: pino({ level: 'warn' }, { write }),
    });
    this.#ended = this.#relay.run(this.#stop.signal).catch((error: unknown) => {
      this.failure = asRelayError(error);
    });
  }

  /** Resolves when it reads: what is committed from now on is published. */
  static async start(mysql: MysqlAddress, database: string, options: PublishingOptions = {}): Promise<PublishingRun> {
    const run = new PublishingRun(mysql, database, options);
    while (isBeginning(run.#relay.status())) await sleep(5);
    return run;
  }

  get counters(): RelayCounters {
    return this.#relay.status().counters;
  }

  get notices(): ReturnType<Relay['status']>['notices'] {
    return this.#relay.status().notices;
  }

  get bodies(): readonly MessageBody[] {
    return this.sent.map(({ body }) => JSON.parse(body.toString()) as MessageBody);
  }

  /** Waits until a message is sent that is like this, or the relay has failed, which is thrown. */
  async untilSent(isLike: (body: MessageBody) => boolean): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!this.bodies.some(isLike)) {
      if (this.failure !== undefined) throw this.failure;
      if (performance.now() > deadlineMs) throw new Error(`not sent: ${JSON.stringify(this.#relay.status())}`);
      await sleep(20);
    }
  }

  /** Waits until everything that the server has committed by now is acknowledged, or the relay has failed. */
  async untilPublished(connection: Connection): Promise<void> {
    const newest = await newestGtids(connection);
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const status = this.#relay.status();
      if (status.state === 'failed') return;
      if (holdsGtids(status.lowWaterMark?.gtidSet ?? '', newest)) return;
      if (performance.now() > deadlineMs) throw new Error(`the relay did not get on: ${JSON.stringify(status)}`);
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}
