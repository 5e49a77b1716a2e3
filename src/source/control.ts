import { randomUUID } from 'node:crypto';
import type { ConnectionOptions } from 'mysql2';
import type { Clock } from '../base/clock.ts';
import { asRelayError, RelayError } from '../base/errors.ts';
import { GtidSet } from '../binlog/gtids/gtid-set.ts';
import { currentPassword, type ConnectionSettings } from './connection-options.ts';
import { openControlSession, type ControlSession } from './control-session.ts';
import { KeptSession } from './kept-session.ts';
import {
  awaitLock,
  hasLock,
  LOCK_TIMES,
  LOCK_WAITS,
  lockNameOf,
  takeLock,
  type Lock,
  type LockTimes,
  type LockWaits,
} from './lock.ts';
import { isGrantMissing } from './mysql-errors.ts';
import { numberOf, textOf, type Row } from './rows.ts';
import { mariadbNewestPosition, mariadbPurgedPosition } from './mariadb-server.ts';
import {
  FACT_VARIABLES,
  GTID_VARIABLES,
  mariadbFacts,
  serverFacts,
  type ServerFacts,
  type Variables,
} from './server-facts.ts';
import { CLOCK_STATEMENT, headStatement, replicasStatement, replicaStatusStatement } from './server-version.ts';
import type { Head } from './source.ts';

export interface ControlOptions {
  /** Of the server that is to be asked; called for each connection. */
  readonly settings: () => ConnectionSettings;
  readonly clock: Clock;
  /** Called once, when the lock is gone for good: another relay has it. Stop reading then. */
  readonly onLockLost?: (error: RelayError) => void;
  readonly lockWaits?: LockWaits;
  readonly lockTimes?: LockTimes;
}

/**
 * The connection for statements. It is made when it is needed, and again after it was lost: the statement that meets
 * the loss fails with SOURCE_UNREACHABLE, the next one connects again, and takes the lock again before anything else.
 *
 * The lock lives and dies with the connection. So whoever holds it asks for `lockTerm` before all that only its holder
 * may do, for `ensureLock` before every dump it opens, and stops reading when `onLockLost` is called; a loss that is
 * mended, with the lock taken again, is not reported.
 */
export class ControlConnection {
  readonly #settings: () => ConnectionSettings;
  readonly #clock: Clock;
  readonly #onLockLost: (error: RelayError) => void;
  readonly #lockWaits: LockWaits;
  readonly #lockTimes: LockTimes;
  readonly #session = new KeptSession(
    (onLost) => this.#open(onLost),
    () => {
      this.#held = undefined;
      // Every moment without the lock is one in which another relay may take it.
      void this.#keepLock();
    },
  );
  #serverUuid: string | undefined;
  /** Of all sessions of this connection, and of no other. */
  readonly #own = `binlog-relay.${randomUUID()}`;
  #lock: Lock | undefined;
  /** The session that waits for a lock of another relay, without end. */
  #awaiting: ControlSession | undefined;
  /** The session that has the lock. */
  #held: { readonly session: ControlSession; readonly term: number } | undefined;
  #terms = 0;
  /** How often a session was left. */
  #releases = 0;
  #lockLost: RelayError | undefined;
  #stopPinging: (() => void) | undefined;
  readonly #closing = new AbortController();

  constructor({ settings, clock, onLockLost, lockWaits = LOCK_WAITS, lockTimes = LOCK_TIMES }: ControlOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#onLockLost = onLockLost ?? ((): void => undefined);
    this.#lockWaits = lockWaits;
    this.#lockTimes = lockTimes;
  }

  /** What a dump connection is made with, so that it is encrypted exactly when this one is. */
  async dumpOptions(): Promise<ConnectionOptions> {
    // The session may have logged in with a password that was changed since.
    return { ...(await this.#connected()).options, password: currentPassword(this.#settings()) };
  }

  /** Of the server that was connected last; undefined before. */
  get serverUuid(): string | undefined {
    return this.#serverUuid;
  }

  async isEncrypted(): Promise<boolean> {
    return (await this.#connected()).isEncrypted;
  }

  async query(sql: string, values: readonly string[] = []): Promise<readonly Row[]> {
    return (await this.#connected()).query(sql, values);
  }

  /**
   * The server's time, and then its newest position, of MySQL in one statement: file, offset and GTIDs are of the same
   * moment. MariaDB is asked for its GTIDs after file and offset, which are then only shown.
   */
  async head(): Promise<Head> {
    const session = await this.#connected();
    const [clock] = await session.query(CLOCK_STATEMENT);
    const [row] = await session.query(headStatement(session.version));
    if (row === undefined) {
      throw new RelayError('SOURCE_SETTINGS', 'the server writes no binlog (log_bin is OFF)', {
        remedy: 'Start mysqld with --log-bin.',
      });
    }
    return {
      file: textOf(row, 'File'),
      offset: numberOf(row, 'Position'),
      gtidSet: await newestGtids(session, row),
      serverUuid: session.serverUuid,
      asOfMs: numberOf(clock, 'ms'),
    };
  }

  /** Needs REPLICATION CLIENT. */
  async serverFacts(): Promise<ServerFacts> {
    const session = await this.#connected();
    const variables = await factVariables(session);
    const replicaStatus = await session.query(replicaStatusStatement(session.version));
    const facts = serverFacts(session.version, variables, replicaStatus.length > 0);
    if (session.version.flavour === 'mysql') return facts;
    return mariadbFacts(facts, variables, facts.hasBinlog ? await mariadbPurgedPosition(session) : '');
  }

  /** The version alone: what every account may ask, of any server. */
  async version(): Promise<ControlSession['version']> {
    return (await this.#connected()).version;
  }

  /**
   * Ids of the server itself and of the replicas it knows. The latter need REPLICATION SLAVE, in MariaDB REPLICATION
   * MASTER ADMIN, without which they stay unknown; readers that do not register are not among them.
   */
  async takenServerIds(): Promise<ReadonlySet<number>> {
    const session = await this.#connected();
    const [own] = await session.query('SELECT @@GLOBAL.server_id AS id');
    const replicas = await session.query(replicasStatement(session.version)).catch((error: unknown) => {
      if (session.version.flavour === 'mariadb' && isGrantMissing(error)) return [];
      throw error;
    });
    const ids = replicas.map((row) => numberOf(row, 'Server_Id' in row ? 'Server_Id' : 'Server_id'));
    return new Set([numberOf(own, 'id'), ...ids]);
  }

  /**
   * Takes the exclusive lock of `identity` and keeps it until `close`. Waits 10 s for a relay that was just killed.
   * Throws SOURCE_LOCKED when another one holds it; with `onHolder` it waits for that one, however long, and says who
   * it is.
   */
  async lock(identity: string, onHolder?: (holder: string) => void): Promise<void> {
    const name = lockNameOf(identity);
    if (this.#lock?.name === name) return this.ensureLock();
    const lock = { name, own: this.#own };
    const session = await this.#connected();
    if (onHolder === undefined) await takeLock(session, lock, this.#lockWaits);
    else await this.#awaitLock(session, lock, onHolder);
    this.#lock = lock;
    this.#holds(session);
    this.#stopPinging ??= this.#clock.every(this.#lockTimes.pingSeconds * 1000, () => void this.#keepLock());
  }

  /** Asks the server whether the lock is held now; it is not taken again. */
  async hasLock(): Promise<boolean> {
    const held = this.#held;
    const lock = this.#lock;
    if (held === undefined || lock === undefined) return false;
    return (await hasLock(held.session, lock)) && this.#held === held;
  }

  /** See Source. */
  get lockTerm(): number | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    const { answeredMs, answeredAtMs } = held.session;
    const silentMs = Math.max(this.#clock.monotonic() - answeredMs, this.#clock.now() - answeredAtMs);
    return silentMs > this.#lockTimes.certainSeconds * 1000 ? undefined : held.term;
  }

  /**
   * Resolves when the lock is held, on this connection or a new one. Throws SOURCE_LOCKED when another relay took it
   * meanwhile.
   */
  async ensureLock(): Promise<void> {
    if (this.#lockLost !== undefined) throw this.#lockLost;
    const isOld = this.#session.isKept;
    try {
      await this.query('DO 1');
    } catch (error) {
      // Whether only the connection was lost, or the server is, a new one tells.
      if (!isOld || asRelayError(error).code !== 'SOURCE_UNREACHABLE') throw error;
      await this.query('DO 1');
    }
  }

  /**
   * The settings, or their address, lead to another server by now, although this one still answers: asks that one from
   * now on. The lock is taken there before anything else.
   */
  async renew(): Promise<void> {
    const session = await this.#release();
    session?.destroy();
    void this.#keepLock();
  }

  /** Frees the lock, and wants it no more until `lock` is called again. */
  async unlock(): Promise<void> {
    this.#stopPinging?.();
    this.#stopPinging = undefined;
    this.#lock = undefined;
    await (await this.#release())?.close();
  }

  /** Frees the lock, and everything else. Idempotent. */
  async close(): Promise<void> {
    // Whatever is asked for or being opened fails now.
    this.#closing.abort();
    this.#stopPinging?.();
    this.#stopPinging = undefined;
    this.#lock = undefined;
    // One that is just being made and fails has nothing to close.
    const opened = await this.#release();
    // Its good-bye would stand behind the statement that waits.
    if (opened !== undefined && opened === this.#awaiting) opened.destroy();
    else await opened?.close();
  }

  async #awaitLock(session: ControlSession, lock: Lock, onHolder: (holder: string) => void): Promise<void> {
    this.#awaiting = session;
    try {
      await awaitLock(session, lock, this.#lockWaits, onHolder);
    } finally {
      this.#awaiting = undefined;
    }
  }

  #connected(): Promise<ControlSession> {
    if (this.#closing.signal.aborted)
      return Promise.reject(new RelayError('INTERNAL', 'the control connection is closed'));
    return this.#session.get();
  }

  /** The session that is there is kept no more, and neither is one that is just being made; nor its lock. */
  #release(): Promise<ControlSession | undefined> {
    this.#releases += 1;
    this.#held = undefined;
    return this.#session.release();
  }

  async #open(onLost: () => void): Promise<ControlSession> {
    const releases = this.#releases;
    const session = await openControlSession(
      this.#settings(),
      this.#clock,
      onLost,
      this.#closing.signal,
      this.#lockTimes.sessionSeconds,
    );
    this.#serverUuid = session.serverUuid;
    if (this.#lock === undefined) return session;
    try {
      await takeLock(session, this.#lock, this.#lockWaits);
      // The one that was made instead may have the lock of another server by now.
      if (releases !== this.#releases) throw new RelayError('SOURCE_UNREACHABLE', 'the server was left');
      this.#holds(session);
      return session;
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  #holds(session: ControlSession): void {
    this.#terms += 1;
    this.#held = { session, term: this.#terms };
  }

  async #keepLock(): Promise<void> {
    if (this.#lock === undefined || this.#lockLost !== undefined) return;
    try {
      await this.ensureLock();
    } catch (thrown) {
      const error = asRelayError(thrown);
      // Anything else may pass: the next ping tries again, and nobody takes the lock for held meanwhile.
      if (error.code !== 'SOURCE_LOCKED' || this.#isOver()) return;
      this.#lockLost = error;
      this.#stopPinging?.();
      this.#stopPinging = undefined;
      this.#onLockLost(error);
    }
  }

  /** What may have happened while a ping was under way. */
  #isOver(): boolean {
    return this.#closing.signal.aborted || this.#lockLost !== undefined;
  }
}

async function factVariables(session: ControlSession): Promise<Variables> {
  const names = FACT_VARIABLES.map((name) => `'${name}'`).join(', ');
  const rows = await session.query(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`);
  const lists = GTID_VARIABLES[session.version.flavour];
  // In one statement, since one is part of the other.
  const [row] = await session.query(`SELECT ${lists.map((name) => `@@GLOBAL.${name} AS ${name}`).join(', ')}`);
  return new Map([
    ...rows.map((shown) => [textOf(shown, 'Variable_name'), textOf(shown, 'Value')] as const),
    ...lists.map((name) => [name, textOf(row, name)] as const),
  ]);
}

async function newestGtids(session: ControlSession, status: Row): Promise<string | undefined> {
  if (session.version.flavour === 'mariadb') return mariadbNewestPosition(session);
  return session.gtidMode === 'ON' ? GtidSet.parse(textOf(status, 'Executed_Gtid_Set')).toString() : undefined;
}
