import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { asRelayError, RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Flavour } from '../binlog/gtids/gtids.ts';
import type { SourceConfig } from '../config/config.ts';
import { binlogFiles } from './binlog-files.ts';
import { askRetention } from './binlog-retention.ts';
import { requireBothCoordinates } from './binlog-place.ts';
import { settingsAt } from './connection-options.ts';
import { ControlConnection } from './control.ts';
import { requireNoErrors, type Finding } from './finding.ts';
import { setBack } from './head-order.ts';
import { atFitHost, hostText, HostTurns } from './host-turns.ts';
import { heldElsewhere } from './lock-elsewhere.ts';
import { standbyLockTimes, standbyLockWaits } from './lock.ts';
import { preflight } from './preflight.ts';
import type { Published } from './preflight-tables.ts';
import { deriveServerId, requireFreeServerId } from './server-id.ts';
import type {
  EventReader,
  Head,
  Prepared,
  Retention,
  Session,
  Source,
  StartPosition,
  StoredPosition,
} from './source.ts';
import { resolveStart } from './start-position.ts';
import { requireResumable } from './stored-position.ts';
import { openZongjiSession } from './zongji.ts';

export interface MysqlSourceOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whose turn it is of `hosts` of the configuration, for others to follow. */
  readonly hosts?: HostTurns;
  /** What is published of the server, for checking it beforehand. */
  readonly published: Published;
  /** Whether the server may log rows with some of their columns only: a warning then, otherwise an error. */
  readonly partialRows?: 'fail' | 'allow';
  /** Tables that are copied are read of another server. */
  readonly readsElsewhere?: boolean;
  /** Other relays wait to take over, and this one may have to wait. `sendMs`: how long a send takes at most. */
  readonly standby?: { readonly sendMs: number; readonly random: () => number } | undefined;
}

/** How long one that gives way to a relay at another host pauses at most. */
const GIVE_WAY_MS = 2_000;

/**
 * MySQL or MariaDB: a control connection for questions and the lock, and a session of zongji at a time for the events.
 * Of several hosts both are with the same one: the one whose turn it is.
 */
export class MysqlSource implements Source {
  readonly #config: SourceConfig;
  readonly #options: MysqlSourceOptions;
  readonly #hosts: HostTurns;
  readonly #control: ControlConnection;
  /** It may happen while no session is open; the next one is refused by the control connection, or ends at once. */
  #lockLost: RelayError | undefined;
  #endSession: (error: RelayError) => void = () => undefined;
  #lockName = '';
  readonly #closing = new AbortController();
  /** What the server said last. */
  #head: Head | undefined;
  #flavour: Flavour = 'mysql';
  #serverUuid = '';
  #serverId = 0;
  /** The server that `#serverId` was chosen for, after it was checked. */
  #checked = '';
  /** Servers that have lost what was published of them, and why they are not read any more. */
  readonly #rolledBack = new Map<string, RelayError>();

  constructor(config: SourceConfig, options: MysqlSourceOptions) {
    this.#config = config;
    this.#options = options;
    const hosts = options.hosts ?? new HostTurns(config.hosts);
    this.#hosts = hosts;
    const lockTimes = options.standby && standbyLockTimes(options.standby.sendMs);
    this.#control = new ControlConnection({
      settings: () => settingsAt(config, hosts.current),
      clock: options.clock,
      ...(lockTimes !== undefined && { lockTimes, lockWaits: standbyLockWaits(lockTimes) }),
      onLockLost: (error) => {
        this.#lockLost = error;
        this.#endSession(error);
      },
    });
  }

  /** Of the server that was asked last; undefined before. */
  get serverUuid(): string | undefined {
    return this.#control.serverUuid;
  }

  get place(): string | undefined {
    return this.#hosts.areSeveral ? hostText(this.#hosts.current) : undefined;
  }

  get rolledBack(): string | undefined {
    return [...this.#rolledBack.keys()].at(-1);
  }

  async lock(name: string, onHolder?: (holder: string) => void): Promise<void> {
    await this.#lockAtFitHost(name, onHolder);
    if (onHolder !== undefined) await this.#giveWay(name, onHolder);
    this.#lockName = name;
  }

  #lockAtFitHost(name: string, onHolder?: (holder: string) => void): Promise<void> {
    return this.#atFitHost(() => this.#control.lock(name, onHolder));
  }

  /** A relay that waits may have been led to a host where the active one is not: then it waits at the other's. */
  async #giveWay(name: string, onHolder: (holder: string) => void): Promise<void> {
    const { clock, standby } = this.#options;
    const { signal } = this.#closing;
    for (;;) {
      const elsewhere = await heldElsewhere(this.#hosts.others, name, this.#config, clock, signal);
      if (elsewhere === undefined) return;
      await this.#control.unlock();
      // Two that give way to one another must not do so for ever.
      await clock.sleep((standby?.random() ?? 0) * GIVE_WAY_MS, signal);
      this.#hosts.turnTo(elsewhere);
      await this.#lockAtFitHost(name, onHolder);
    }
  }

  hasLock(): Promise<boolean> {
    return this.#control.hasLock();
  }

  get lockTerm(): number | undefined {
    return this.#control.lockTerm;
  }

  prepare(stored: StoredPosition | undefined): Promise<Prepared> {
    return this.#atFitHost(async () => {
      const warnings = await this.#check(stored);
      const { start, flavour, serverUuid, sentence, isOrdinary } = await resolveStart(
        this.#control,
        this.#config.start,
        stored,
      );
      this.#flavour = flavour;
      this.#serverUuid = serverUuid;
      if (isOrdinary) this.#options.logger.info({ start: sentence }, 'where the run starts');
      const { hidesCascades } = await this.#control.serverFacts();
      return { start, flavour, serverUuid, hidesCascades, warnings: isOrdinary ? warnings : [sentence, ...warnings] };
    });
  }

  /**
   * Everything about the server that would stop a run from `stored`, or from the configured place without one, or make
   * the copy inexact.
   */
  findings(stored: StoredPosition | undefined): Promise<readonly Finding[]> {
    const { published, partialRows, readsElsewhere = false } = this.#options;
    return preflight(this.#control, {
      published,
      settings: this.#hosts.current,
      needsGtids: this.#config.hosts.length > 1,
      partialRows,
      isFirstStart: stored === undefined,
      copiesAtFirstStart: this.#config.start === 'copy',
      readsElsewhere,
    });
  }

  /** Throws what would keep a run from starting at `stored`, or at the configured place without one. Takes no lock. */
  async checkStart(stored: StoredPosition | undefined): Promise<string> {
    return this.#atFitHost(async () => (await resolveStart(this.#control, this.#config.start, stored)).sentence);
  }

  async relock(position: StartPosition): Promise<void> {
    await this.#atFitHost(() => this.#reach(position));
  }

  open(position: StartPosition, reader: EventReader): Promise<Session> {
    return this.#atFitHost(() => this.#open(position, reader));
  }

  /** The identity of the server, with which the run can go on from `position`. */
  async #reach(position: StartPosition): Promise<string> {
    await this.#control.ensureLock();
    await this.#nextHead();
    return this.#requireResumable(position);
  }

  async #open(position: StartPosition, reader: EventReader): Promise<Session> {
    const serverUuid = await this.#reach(position);
    const session = await openZongjiSession(
      {
        connection: await this.#control.dumpOptions(),
        serverId: this.#serverId,
        flavour: this.#flavour,
        serverUuid,
        heartbeatMs: this.#config.heartbeatMs,
        clock: this.#options.clock,
      },
      position,
      reader,
      this.#closing.signal,
    ).catch(async (error: unknown) => {
      if (asRelayError(error).code === 'SOURCE_MOVED') await this.#control.renew();
      throw error;
    });
    // Not a race with one promise for all sessions: that would keep something of each for as long as the relay runs.
    const ended = new Promise<void>((resolve, reject) => {
      this.#endSession = reject;
      if (this.#lockLost !== undefined) reject(this.#lockLost);
      session.ended.then(resolve, reject);
    });
    ended.catch(() => undefined);
    return { close: () => session.close(), ended };
  }

  async head(): Promise<Head> {
    try {
      return await this.#trusted(() => this.#nextHead());
    } catch (thrown) {
      const error = asRelayError(thrown);
      // A session that is paused does not notice that its server is gone; without the lock it is of no use.
      const isLost = error.code === 'SOURCE_UNREACHABLE' && this.lockTerm === undefined;
      if (isLost && this.#hosts.areSeveral) this.#endSession(error);
      if (error.code !== 'SOURCE_ROLLED_BACK' || !this.#hosts.areSeveral) throw error;
      // Opening the next session passes this server over.
      const ended = new RelayError('SOURCE_UNREACHABLE', `${hostText(this.#hosts.current)} is left: ${error.message}`);
      this.#endSession(ended);
      throw ended;
    }
  }

  async #nextHead(): Promise<Head> {
    const head = await this.#control.head();
    const before = this.#head;
    if (before !== undefined && setBack(before, head, true) !== undefined) await this.#requireNotBehind(before, head);
    this.#head = head;
    return head;
  }

  async retention(stored: StoredPosition): Promise<Retention> {
    const version = await this.#control.version();
    return askRetention(this.#control, { serverUuid: this.#control.serverUuid ?? '', version }, stored);
  }

  async #requireNotBehind(before: Head, now: Head): Promise<void> {
    const { isReplica } = await this.#control.serverFacts();
    const error = setBack(before, now, isReplica);
    if (error?.code === 'SOURCE_BEHIND') {
      this.#head = now;
      // The dump that is under way gets nothing more; the next one does, as soon as the server has come so far again.
      this.#endSession(error);
    }
    if (error !== undefined) throw error;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#control.close();
  }

  /** Asks the hosts in turn, and says why one is passed over when that is news. */
  #atFitHost<T>(work: () => Promise<T>): Promise<T> {
    return atFitHost(
      this.#hosts,
      () => this.#trusted(work),
      async (host, { code, message, remedy }, isNews) => {
        const { logger } = this.#options;
        const facts = { host: hostText(host), code, error: message, remedy };
        if (isNews) logger.warn(facts, 'a server of source.hosts cannot serve; the others are asked');
        await this.#control.renew();
      },
    );
  }

  /** What was lost does not come back with as many transactions that bear its names. */
  async #trusted<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      const { code } = asRelayError(thrown);
      const { serverUuid } = this.#control;
      // That a single server never got what was published is remembered, too: the next run may find it with as much.
      const isLost = code === 'SOURCE_ROLLED_BACK' || (code === 'SOURCE_LACKS_PUBLISHED' && !this.#hosts.areSeveral);
      if (isLost && serverUuid !== undefined) this.#rolledBack.set(serverUuid, asRelayError(thrown));
      throw thrown;
    }
  }

  #requireTrusted(serverUuid: string): void {
    const lost = this.#rolledBack.get(serverUuid);
    if (lost !== undefined) throw lost;
  }

  /**
   * Behind the same address there may be another server by now, or a restored one. The identity of the one that is
   * there.
   */
  async #requireResumable(position: StartPosition): Promise<string> {
    const facts = await this.#control.serverFacts();
    this.#requireTrusted(facts.serverUuid);
    const files = await binlogFiles(this.#control);
    const stored = { ...position, serverUuid: this.#serverUuid };
    requireResumable(stored, facts, files);
    await requireBothCoordinates(this.#control, stored, facts, files);
    if (facts.serverUuid !== this.#checked) {
      for (const warning of await this.#check(stored))
        this.#options.logger.warn({ warning }, 'look at this: the run goes on at another server');
    }
    // From here on file and offset are of several servers: only GTIDs tell where the run stands.
    if (facts.serverUuid !== this.#serverUuid) this.#serverUuid = '';
    return facts.serverUuid;
  }

  /** Throws what about the server would stop a run; the warnings otherwise. */
  async #check(stored: StoredPosition | undefined): Promise<readonly string[]> {
    const warnings = requireNoErrors(await this.findings(stored));
    const { serverUuid } = await this.#control.serverFacts();
    this.#requireTrusted(serverUuid);
    this.#serverId = await this.#chooseServerId(serverUuid, this.#lockName);
    this.#checked = serverUuid;
    return warnings;
  }

  async #chooseServerId(serverUuid: string, identity: string): Promise<number> {
    const taken = await this.#control.takenServerIds();
    const { serverId } = this.#config;
    if (serverId === undefined) return deriveServerId({ serverUuid, identity, hostName: hostname(), taken });
    requireFreeServerId(serverId, taken);
    return serverId;
  }
}
