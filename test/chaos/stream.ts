/**
 * One stream: a shop, the relay that publishes it, the topic, apply, and the copy. Some rounds share it; then another
 * one begins, with another `ordering`.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { ApplyProcess } from '../../dev/apply-process.ts';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { createShop } from '../../dev/shop.ts';
import { openMysql } from '../support/mysql-session.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import type { Ordering } from './schedule.ts';
import { Relays } from './relays.ts';
import type { ChaosServers, RelayLines } from './servers.ts';
import { smallDisk, type SmallDisk } from './small-disk.ts';
import { Supervised } from './supervised.ts';
import { TopicOracle } from './topic-oracle.ts';
import { Watch } from './watch.ts';
import { MORE_TABLES } from './workload.ts';

/** So soon does the relay notice that a server is silent; by default after some 20 s. */
const SOURCE_WAITS = { heartbeat: '2s', connectTimeout: '3s' };
const SINK_WAITS = { sendTimeout: '3s' };
/** Room for what a large transaction takes. */
const CHECKPOINT_SIZE = '16m';
const BEGINS_WITHIN_MS = 60_000;
const STOP_TIMEOUT_MS = 5000;
/** The table of checkpoints. */
const CHECKPOINTS = 'checkpoints';
const APPLY_PASSWORD = 'of-apply';
const PRELOAD = pathToFileURL(join(import.meta.dirname, 'preload.mjs')).href;

export interface StreamOptions {
  readonly servers: ChaosServers;
  readonly ordering: Ordering;
  /** Two relays, of which one stands by; their checkpoint is in the target server. */
  readonly isStandby: boolean;
  /** The source has a replica, and the relay knows both. */
  readonly isReplicated: boolean;
  /** Of the run: how many streams were before it. */
  readonly number: number;
  /** Logs and configurations are kept there. */
  readonly folder: string;
}

export class Stream {
  readonly ordering: Ordering;
  readonly database: string;
  readonly copy: string;
  readonly checkpoint: SmallDisk;
  readonly relays: Relays;
  readonly apply: Supervised;
  readonly oracle: TopicOracle;
  readonly watchApply: Watch;
  /** Put before PATH: the folder of another Node.js. */
  nodePath = '';
  readonly #options: StreamOptions;
  readonly #topic: string;
  readonly #ledger: string;
  readonly #state: string;

  private constructor(options: StreamOptions, names: { readonly unique: string }, checkpoint: SmallDisk) {
    const { servers, ordering, number } = options;
    this.#options = options;
    this.ordering = ordering;
    this.database = `shop_${names.unique}`;
    this.copy = `copy_${names.unique}`;
    this.#ledger = `ledger_${names.unique}`;
    this.#state = `state_${names.unique}`;
    this.#topic = `chaos-${number}`;
    this.checkpoint = checkpoint;
    this.relays = new Relays(
      servers.relayLines.slice(0, options.isStandby ? 2 : 1).map((lines, i) => {
        const supervised: Supervised = new Supervised(i === 0 ? 'relay' : 'relay-2', () =>
          this.#startRelay(supervised, lines),
        );
        return { supervised, lines };
      }),
    );
    this.apply = new Supervised('apply', () => this.#startApply());
    this.oracle = new TopicOracle(
      { endpoint: servers.rocketmq.endpoint, topic: this.#topic, group: `${this.#topic}-oracle` },
      ordering,
    );
    this.watchApply = new Watch(this.apply);
  }

  /** Everything is there and runs. */
  static async begin(options: StreamOptions): Promise<Stream> {
    const { servers, number, folder } = options;
    await mkdir(folder, { recursive: true });
    if (options.isReplicated) await servers.sources.addReplica();
    else await servers.sources.removeReplica();
    servers.sources.settle();
    const unique = String(number);
    const source = await connect(servers.source);
    await createShop(source, `shop_${unique}`);
    for (const table of MORE_TABLES) await source.query(table);
    await source.end();
    const target = await connect(servers.target);
    await createShop(target, `copy_${unique}`);
    for (const table of MORE_TABLES) await target.query(table);
    await target.query(
      `CREATE USER IF NOT EXISTS chaos_apply IDENTIFIED BY '${APPLY_PASSWORD}';
       GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER, CREATE, ALTER, DROP, INDEX ON copy_${unique}.* TO chaos_apply;
       GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON ledger_${unique}.* TO chaos_apply;
       CREATE DATABASE state_${unique}`,
    );
    await target.end();
    const topic = `chaos-${number}`;
    await servers.rocketmq.createTopic(topic, { queues: 8, fifo: true });
    await servers.rocketmq.createGroup(`${topic}-readers`, { ordered: true });
    await servers.rocketmq.createGroup(`${topic}-oracle`, { ordered: true });
    const stream = new Stream(options, { unique }, await smallDisk(join(folder, 'checkpoint'), CHECKPOINT_SIZE));
    for (const { supervised, watch } of [
      ...stream.relays.all,
      { supervised: stream.apply, watch: stream.watchApply },
    ]) {
      await supervised.start();
      if ((await watch.until(({ healthy }) => healthy, BEGINS_WITHIN_MS)) === undefined)
        throw new Error(`${supervised.who} does not become healthy; see ${folder}`);
    }
    return stream;
  }

  async #startRelay({ who, starts }: Supervised, { sources, broker }: RelayLines): Promise<RelayProcess> {
    const { servers, folder, ordering, isReplicated } = this.#options;
    const { relayUser: user, relayPassword: password } = servers.source;
    const [{ host, port }] = sources;
    return RelayProcess.start({
      folder: join(folder, `${who}-${starts + 1}`),
      config: {
        source: {
          ...(isReplicated ? { hosts: sources.map((line) => `${line.host}:${line.port}`) } : { host, port }),
          user,
          password,
          tls: { mode: this.isEncrypted ? 'required' : 'disabled' },
          ...SOURCE_WAITS,
        },
        tables: { include: [`${this.database}.*`] },
        sink: { endpoint: servers.rocketmq.endpoint, topic: this.#topic, ...SINK_WAITS },
        publish: { progress: '1s' },
        ordering,
        ddl: 'inline',
        limits: { heldBytes: '4MiB', messageBytes: '128KiB', stopTimeout: `${STOP_TIMEOUT_MS}ms` },
        ...this.#checkpoint(),
      },
      env: this.#environment(broker),
    });
  }

  #checkpoint(): Readonly<Record<string, unknown>> {
    if (!this.relays.isPair) return { checkpoint: { path: this.checkpoint.path } };
    const { host, port, user, password } = this.#options.servers.target;
    const [database, table] = [this.#state, CHECKPOINTS];
    return { checkpoint: { type: 'mysql', host, port, user, password, database, table, name: 'chaos' }, ha: 'standby' };
  }

  /** What is stored of how far it has come, as JSON. */
  async storedCheckpoint(): Promise<string> {
    if (!this.relays.isPair) return readFile(join(this.checkpoint.path, 'checkpoint.json'), 'utf8');
    const target = await connect(this.#options.servers.target);
    try {
      const [[row]] = await target.query<RowDataPacket[]>(`SELECT current FROM ${this.#state}.${CHECKPOINTS}`);
      return String(row?.['current']);
    } finally {
      await target.end();
    }
  }

  #startApply(): Promise<ApplyProcess> {
    return ApplyProcess.start({
      folder: join(this.#options.folder, `apply-${this.apply.starts + 1}`),
      config: this.#applyConfig(this.#options.servers.lines.target),
      env: this.#environment(this.#options.servers.lines.topic),
    });
  }

  /** `line`: to the broker. */
  #environment(line: FaultProxy): Readonly<Record<string, string>> {
    return {
      NODE_OPTIONS: `--import=${PRELOAD}`,
      CHAOS_REDIRECT: `${line.target.port}:${line.port}`,
      ...(this.nodePath !== '' && { PATH: `${this.nodePath}:${process.env['PATH'] ?? ''}` }),
    };
  }

  #applyConfig({ host, port }: { readonly host: string; readonly port: number }): Readonly<Record<string, unknown>> {
    return {
      source: {
        endpoint: this.#options.servers.rocketmq.endpoint,
        topic: this.#topic,
        group: `${this.#topic}-readers`,
      },
      target: { host, port, user: 'chaos_apply', password: APPLY_PASSWORD },
      tables: { include: [`${this.database}.*`], rename: { [this.database]: this.copy } },
      ledger: this.#ledger,
      statements: 'run',
    };
  }

  /** The configuration of `verify`. */
  verifyConfig(): Readonly<Record<string, unknown>> {
    const { source, target } = this.#options.servers;
    const { host, port, user, password } = source;
    return {
      ...this.#applyConfig(target),
      verify: { source: { host, port, user, password }, rest: 0, patience: '60s' },
      log: { format: 'json' },
    };
  }

  /** Whether the relay's connections to MySQL are. */
  get isEncrypted(): boolean {
    return this.ordering === 'key';
  }

  get isReplicated(): boolean {
    return this.#options.isReplicated;
  }

  get watches(): readonly Watch[] {
    return [...this.relays.watches, this.watchApply];
  }

  get folder(): string {
    return this.#options.folder;
  }

  async copyAll(): Promise<void> {
    const address = await this.relays.active.supervised.address();
    if (address === undefined) return;
    await fetch(`${address}/copy`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ tables: [`${this.database}.*`] }),
      signal: AbortSignal.timeout(5000),
    });
  }

  async end(): Promise<void> {
    for (const { supervised } of this.relays.all) await supervised.end('SIGKILL');
    await this.apply.end('SIGKILL');
    await Promise.all([...this.watches.map((watch) => watch.stop()), this.oracle.stop()]);
    await this.checkpoint.unmount();
  }
}

/** As root; times are texts in UTC. */
export async function connect(address: MysqlAddress): Promise<Connection> {
  const connection = await openMysql(address);
  await connection.query("SET SESSION sql_mode = '', time_zone = '+00:00'");
  return connection;
}
