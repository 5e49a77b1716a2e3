/** The MySQL that is read, and in some streams a replica of it, which takes its place in a failover. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MysqlAddress, MysqlServer } from '../../dev/servers/servers.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { startReplica } from '../support/replica.ts';
import { asRoot, killReplicated, promote } from '../support/replicated.ts';
import { BinlogTruth } from './truth.ts';

/** What the replica reads by: not the relay's account, whose sessions are counted and killed. */
const REPLICATION = { user: 'chaos_replica', password: 'of-replica' };

export class Sources {
  readonly truth: BinlogTruth;
  #primary: MysqlServer;
  #replica: MysqlServer | undefined;
  /** Their binlogs are read once more. */
  readonly #dead: MysqlServer[] = [];
  /** Pairs of lines: the first of each leads to the primary, the second to the replica, until roles change. */
  readonly #lines: (readonly [FaultProxy, FaultProxy])[] = [];

  constructor(primary: MysqlServer) {
    this.#primary = primary;
    this.truth = new BinlogTruth(primary.folder);
  }

  get primary(): MysqlServer {
    return this.#primary;
  }

  get replica(): MysqlServer | undefined {
    return this.#replica;
  }

  /** Of the primary of the moment, for who connects again and again. */
  get address(): MysqlAddress {
    const primary = (): MysqlAddress => this.#primary;
    return {
      ...primary(),
      get host() {
        return primary().host;
      },
      get port() {
        return primary().port;
      },
    };
  }

  /** `lines` lead where roles say, from now on. */
  leads(lines: readonly [FaultProxy, FaultProxy]): void {
    this.#lines.push(lines);
  }

  /** What is created from now on is in both. */
  async addReplica(): Promise<void> {
    if (this.#replica !== undefined) return;
    const { user, password } = REPLICATION;
    await asRoot(
      this.#primary,
      `CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY '${password}'`,
      `GRANT REPLICATION SLAVE ON *.* TO ${user}`,
    );
    const replica = await startReplica(this.#primary);
    // The server that it reads is killed now and then: by default it would wait for a minute.
    await asRoot(
      replica,
      'STOP REPLICA',
      `CHANGE REPLICATION SOURCE TO SOURCE_USER = '${user}', SOURCE_PASSWORD = '${password}',
         SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 10000`,
      'START REPLICA',
    );
    this.#replica = replica;
    for (const [, second] of this.#lines) second.target = replica;
  }

  async removeReplica(): Promise<void> {
    const replica = this.#replica;
    this.#replica = undefined;
    await replica?.remove();
  }

  /** The primary dies when the replica has everything, and the replica takes its place. */
  async failOver(noPrimaryMs: number): Promise<void> {
    const [old, replica] = [this.#primary, this.#replica];
    if (replica === undefined) throw new Error('there is no replica');
    await killReplicated(old, [replica]);
    this.truth.keep();
    await sleep(noPrimaryMs);
    await promote(replica, []);
    this.#dead.push(old);
    this.truth.goOnAt(replica.folder);
    this.#primary = replica;
    this.#replica = undefined;
  }

  /** After a failover lines lead to the other one of a pair: who begins now finds the primary at the first. */
  settle(): void {
    for (const [first, second] of this.#lines) {
      first.target = this.#primary;
      second.target = this.#replica ?? this.#primary;
    }
  }

  async remove(): Promise<void> {
    await this.removeReplica();
    await Promise.all([this.#primary, ...this.#dead].map((server) => server.remove()));
  }
}
