/**
 * The whole way, for end-to-end tests of `apply`: a database on a real MySQL, the relay, a topic of a real RocketMQ,
 * and apply, each in a process of its own, and the target. `npm run build` must have been run.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { ApplyProcess } from '../../dev/apply-process.ts';
import { quoted } from '../../src/mysql/quoted.ts';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { holdsGtids, newestGtids } from './gtids.ts';
import {
  connectMysql,
  freshTopic,
  sharedMysql,
  sharedRocketmq,
  uniqueName,
  type FreshTopic,
  type SharedRocketmq,
} from './servers.ts';
import { Program, program, type Outcome } from './program.ts';
import { tableStates } from './table-states.ts';

type Sections = Readonly<Record<string, unknown>>;

const PATIENCE_MS = 90_000;
const PASSWORD = 'of-apply';
const VERIFY_PASSWORD = 'of-verify';

interface Compared {
  readonly lacking: readonly unknown[];
  readonly surplus: readonly unknown[];
  readonly rows: number;
}

export interface AppliedShopOptions {
  /** Servers of the test's own; unless given the shared ones. */
  readonly mysql?: MysqlAddress;
  readonly target?: MysqlAddress;
  readonly rocketmq?: SharedRocketmq;
  /** Added to the sections of the relay's and of apply's configuration. */
  readonly relay?: Sections;
  readonly apply?: Sections;
}

export class AppliedShop {
  source: Connection;
  readonly sourceDatabase: string;
  target: Connection;
  readonly targetDatabase: string;
  readonly ledger: string;
  /** The account of apply, which has the rights that docs/apply.md names and no more. */
  readonly user: string;
  /** The account of verify in the source, likewise. */
  readonly verifier: string;
  readonly topic: FreshTopic;
  readonly #options: AppliedShopOptions;
  readonly #folder: string;
  #relay: RelayProcess | undefined;
  #apply: ApplyProcess | undefined;

  private constructor(
    options: AppliedShopOptions,
    places: Pick<
      AppliedShop,
      'source' | 'sourceDatabase' | 'target' | 'targetDatabase' | 'ledger' | 'user' | 'verifier' | 'topic'
    >,
    folder: string,
  ) {
    this.#options = options;
    this.#folder = folder;
    this.source = places.source;
    this.sourceDatabase = places.sourceDatabase;
    this.target = places.target;
    this.targetDatabase = places.targetDatabase;
    this.ledger = places.ledger;
    this.user = places.user;
    this.verifier = places.verifier;
    this.topic = places.topic;
  }

  /** Databases without tables, and a topic; nothing is started. Both sessions have their database selected. */
  static async create(options: AppliedShopOptions = {}): Promise<AppliedShop> {
    const sourceDatabase = uniqueName('shop_');
    const targetDatabase = uniqueName('copy_');
    const source = await connectMysql(options.mysql);
    const target = await connectMysql(options.target);
    const session = "SET SESSION sql_mode = '', time_zone = '+00:00'";
    await source.query(`${session}; CREATE DATABASE ${sourceDatabase}; USE ${sourceDatabase}`);
    await target.query(`${session}; CREATE DATABASE ${targetDatabase}; USE ${targetDatabase}`);
    const { rocketmq } = options;
    const topic = await freshTopic(rocketmq === undefined ? {} : { rocketmq });
    const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-apply-'));
    const ledger = uniqueName('ledger_');
    const user = uniqueName('apply_');
    const verifier = uniqueName('verify_');
    // As docs/verify.md has it.
    await source.query(
      `CREATE USER ${verifier} IDENTIFIED BY '${VERIFY_PASSWORD}'; GRANT SELECT ON ${sourceDatabase}.* TO ${verifier}`,
    );
    const toRun = options.apply?.['statements'] === 'run' ? ', ALTER, DROP, INDEX' : '';
    await target.query(
      `CREATE USER ${user} IDENTIFIED BY '${PASSWORD}';
       GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER, CREATE${toRun} ON ${targetDatabase}.* TO ${user};
       GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON ${ledger}.* TO ${user}`,
    );
    const places = { source, sourceDatabase, target, targetDatabase, ledger, user, verifier, topic };
    return new AppliedShop(options, places, folder);
  }

  get #mysql(): MysqlAddress {
    return this.#options.mysql ?? sharedMysql();
  }

  get #rocketmq(): SharedRocketmq {
    return this.#options.rocketmq ?? sharedRocketmq();
  }

  /** Runs statements in both databases. */
  async both(sql: string): Promise<void> {
    await this.source.query(sql);
    await this.target.query(sql);
  }

  get apply(): ApplyProcess {
    if (this.#apply === undefined) throw new Error('apply was not started');
    return this.#apply;
  }

  get relay(): RelayProcess {
    if (this.#relay === undefined) throw new Error('the relay was not started');
    return this.#relay;
  }

  async startRelay(args: readonly string[] = []): Promise<RelayProcess> {
    const { host, port, relayUser, relayPassword } = this.#mysql;
    const { source, ...sections } = this.#options.relay ?? {};
    this.#relay = await RelayProcess.start({
      folder: join(this.#folder, 'relay'),
      config: {
        source: { host, port, user: relayUser, password: relayPassword, ...(source as Sections | undefined) },
        tables: { include: [`${this.sourceDatabase}.*`] },
        sink: { endpoint: this.#rocketmq.endpoint, topic: this.topic.topic },
        ...sections,
      },
      args,
    });
    await this.#relay.ready();
    return this.#relay;
  }

  async startApply(args: readonly string[] = [], sections: Sections = {}): Promise<ApplyProcess> {
    this.#apply = await ApplyProcess.start({
      folder: join(this.#folder, 'apply'),
      config: this.#applyConfig(sections),
      args,
    });
    return this.#apply;
  }

  /** What `apply --check` says, with these sections of the configuration. */
  async check(sections: Sections): Promise<Outcome> {
    const file = join(this.#folder, 'apply.yaml');
    await writeFile(file, stringify(this.#applyConfig(sections)));
    return program(['apply', '--check', '--config', file]);
  }

  /** `verify`, started; `settings` are those of its section. */
  async verify(args: readonly string[] = [], settings: Sections = {}): Promise<Program> {
    const file = join(this.#folder, 'verify.yaml');
    const { host, port } = this.#mysql;
    const relay = await this.relay.address();
    const verify = {
      source: { host, port, user: this.verifier, password: VERIFY_PASSWORD },
      relay,
      rest: 0,
      patience: '60s',
      ...settings,
    };
    const tables = { include: [`${this.sourceDatabase}.*`], rename: { [this.sourceDatabase]: this.targetDatabase } };
    await writeFile(file, stringify(this.#applyConfig({ tables, verify, log: { format: 'json' } })));
    return new Program(['verify', '--config', file, ...args]);
  }

  #applyConfig(sections: Sections): Sections {
    const { host, port } = this.#options.target ?? sharedMysql();
    const { topic, group } = this.topic;
    return {
      source: { endpoint: this.#rocketmq.endpoint, topic, group },
      target: { host, port, user: this.user, password: PASSWORD },
      tables: { rename: { [this.sourceDatabase]: this.targetDatabase } },
      ledger: this.ledger,
      ...this.#options.apply,
      ...sections,
    };
  }

  /** Once more, after the server was away. */
  async connectTarget(): Promise<void> {
    this.target.destroy();
    this.target = await connectMysql(this.#options.target);
    await this.target.query(`SET SESSION sql_mode = '', time_zone = '+00:00'; USE ${this.targetDatabase}`);
  }

  /** Likewise. */
  async connectSource(): Promise<void> {
    this.source.destroy();
    this.source = await connectMysql(this.#options.mysql);
    await this.source.query(`SET SESSION sql_mode = '', time_zone = '+00:00'; USE ${this.sourceDatabase}`);
  }

  /** What the source has committed by now is in the topic. */
  async untilPublished(): Promise<void> {
    const executed = await newestGtids(this.source);
    await this.relay.until(
      'drained',
      ({ lowWaterMark }) => holdsGtids(lowWaterMark?.gtidSet ?? '', executed),
      PATIENCE_MS,
    );
  }

  /** Waits until both databases hold the same rows, each as often. `isMeant`: by the table's name. */
  async untilEqual(isMeant: (table: string) => boolean = () => true, patienceMs = PATIENCE_MS): Promise<number> {
    await this.untilPublished();
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const { lacking, surplus, rows } = await this.#compared(isMeant).catch(unlessAltered);
      if (lacking.length === 0 && surplus.length === 0) return rows;
      if (performance.now() > deadline) {
        const shown = JSON.stringify({ lacking: lacking.slice(0, 3), surplus: surplus.slice(0, 3) });
        expect.fail(
          `${lacking.length} rows lacking, ${surplus.length} surplus: ${shown}\n${(await this.apply.log()).slice(-2000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Rows of which the target has not as many as the source now, or that only the target has. */
  async differences(): Promise<{ readonly lacking: readonly unknown[]; readonly surplus: readonly unknown[] }> {
    const { lacking, surplus } = await this.#compared(() => true);
    return { lacking, surplus };
  }

  async #compared(isMeant: (table: string) => boolean): Promise<Compared> {
    const source = await tableStates(this.source, this.sourceDatabase, isMeant);
    const target = await tableStates(this.target, this.targetDatabase, isMeant);
    return {
      lacking: [...source].filter(([row, n]) => target.get(row) !== n),
      surplus: [...target].filter(([row]) => !source.has(row)),
      rows: source.size,
    };
  }

  async targetRows(sql: string): Promise<RowDataPacket[]> {
    const [rows] = await this.target.query<RowDataPacket[]>(sql);
    return rows;
  }

  async remove(): Promise<void> {
    await this.#apply?.kill9();
    await this.#relay?.kill9();
    await this.source.query(`DROP DATABASE ${this.sourceDatabase}; DROP USER ${this.verifier}`);
    await this.target.query(
      `DROP DATABASE IF EXISTS ${this.targetDatabase}; DROP DATABASE IF EXISTS ${quoted(this.ledger)}; DROP USER ${this.user}`,
    );
    await this.source.end();
    await this.target.end();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A table is altered in the target while it is compared: it is not equal yet. */
function unlessAltered(thrown: unknown): Compared {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code !== 'ER_BAD_FIELD_ERROR' && code !== 'ER_NO_SUCH_TABLE' && code !== 'ER_TABLE_DEF_CHANGED') throw thrown;
  return { lacking: [code], surplus: [], rows: 0 };
}
