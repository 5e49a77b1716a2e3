/** Who takes part in the demo: the order database, the topic, the database of the other team, the relay and apply. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { ApplyProcess, isReading } from '../dev/apply-process.ts';
import { RelayProcess } from '../dev/relay-process.ts';
import type { MysqlAddress, MysqlServer, Progress, Servers } from '../dev/servers/servers.ts';
import { startMysql, startServers } from '../dev/servers/start.ts';
import { createShop, fillShop, SHOP_TABLES } from '../dev/shop.ts';

export const SOURCE = 'shop';
export const COPY = 'shop_copy';
export const TOPIC = 'order-binlog';
export const WATCHERS = 'demo-watchers';
const APPLIERS = 'bigdata-copy';
/** Of the readers that README shows; ordered where they acknowledge messages. */
export const NEXT_GROUPS = {
  flink: { ordered: false },
  'binlog-relay-lake': { ordered: false },
  'order-printer': { ordered: true },
} as const;
/** Orders that are there before the relay is. */
const PAST_ORDERS = 50_000;
const APPLY_USER = { user: 'apply', password: 'demo' };

export class Parties {
  readonly servers: Servers;
  /** Of the other team. */
  readonly target: MysqlServer;
  readonly #folder: string;
  readonly #say: Progress;
  #relay: RelayProcess | undefined;
  #apply: ApplyProcess | undefined;

  private constructor(servers: Servers, target: MysqlServer, folder: string, say: Progress) {
    this.servers = servers;
    this.target = target;
    this.#folder = folder;
    this.#say = say;
  }

  static async start(say: Progress): Promise<Parties> {
    const servers = await startServers({ progress: say });
    try {
      const target = await startMysql({ progress: say });
      return new Parties(servers, target, await mkdtemp(join(tmpdir(), 'binlog-relay-demo-')), say);
    } catch (error) {
      await servers.stop();
      throw error;
    }
  }

  get relay(): RelayProcess {
    if (this.#relay === undefined) throw new Error('the relay was not started');
    return this.#relay;
  }

  get apply(): ApplyProcess {
    if (this.#apply === undefined) throw new Error('apply was not started');
    return this.#apply;
  }

  /** The file that `apply` and `verify` are configured by. */
  get applyConfig(): string {
    return join(this.#folder, 'apply.yaml');
  }

  get relayConfig(): string {
    return join(this.#folder, 'relay.yaml');
  }

  /** A shop with a past, a topic, and a database of the other team that is empty. */
  async prepare(): Promise<void> {
    const { mysql, rocketmq } = this.servers;
    await rocketmq.createTopic(TOPIC, { queues: 8, fifo: true });
    for (const group of [APPLIERS, WATCHERS]) await rocketmq.createGroup(group, { ordered: true });
    const source = await connect(mysql);
    await createShop(source, SOURCE);
    await fillShop(source, PAST_ORDERS);
    await source.query("INSERT INTO orders (order_no, user_id, amount) VALUES ('DEMO-1', 1, 99.90)");
    await source.end();
    const target = await connect(this.target);
    const { user, password } = APPLY_USER;
    for (const sql of [
      `CREATE DATABASE ${COPY}`,
      `CREATE USER ${user} IDENTIFIED BY '${password}'`,
      `GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER, CREATE ON ${COPY}.* TO ${user}`,
      `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON binlog_relay.* TO ${user}`,
    ])
      await target.query(sql);
    await target.end();
    this.#say(`a shop of ${SHOP_TABLES.length} tables with ${PAST_ORDERS} orders; the other team's MySQL is empty`);
  }

  async startRelay(): Promise<void> {
    const { mysql, rocketmq } = this.servers;
    const { host, port, relayUser: user, relayPassword: password } = mysql;
    this.#relay = await RelayProcess.start({
      folder: this.#folder,
      config: {
        source: { host, port, user, password, start: 'copy' },
        tables: { include: [`${SOURCE}.*`] },
        sink: { endpoint: rocketmq.endpoint, topic: TOPIC },
        publish: { progress: '1s' },
      },
    });
    await this.#relay.ready();
    this.#say(`relay: the binlog of MySQL, and the rows that are there, to the topic ${await about(this.#relay)}`);
  }

  async startApply(): Promise<void> {
    const { host, port } = this.target;
    const { mysql, rocketmq } = this.servers;
    const source = { host: mysql.host, port: mysql.port, user: mysql.relayUser, password: mysql.relayPassword };
    this.#apply = await ApplyProcess.start({
      folder: this.#folder,
      config: {
        source: { endpoint: rocketmq.endpoint, topic: TOPIC, group: APPLIERS },
        target: { host, port, ...APPLY_USER },
        tables: { rename: { [SOURCE]: COPY } },
        create: true,
        // Which `binlog-relay verify` reads in the same file.
        verify: { source, relay: await this.relay.address(), rest: 0 },
      },
    });
    await this.#apply.until('reading', isReading);
    this.#say(`apply: the topic to the other team's MySQL ${await about(this.#apply)}`);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#relay?.stop(), this.#apply?.stop()]);
    await Promise.all([this.servers.stop(), this.target.remove()]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const about = async (process: { readonly pid: number; address(): Promise<string | undefined> }): Promise<string> =>
  `(process ${process.pid}, health at ${(await process.address()) ?? ''}/healthz)`;

export function connect({ host, port, user, password }: MysqlAddress, database?: string): Promise<Connection> {
  return createConnection({ host, port, user, password, ...(database !== undefined && { database }) });
}
