import { openSession } from '../apply/target/session.ts';
import type { Session } from '../apply/target/target.ts';
import type { Clock } from '../base/clock.ts';
import type { ApplyConfig, VerifyConfig } from '../config/config.ts';
import { openControlSession, type ControlSession } from '../source/control-session.ts';
import type { Asked, Ends } from '../verify/verify.ts';

/** A chunk of a large table on a slow disk, or a whole table without a key. */
const STATEMENT_MS = 3_600_000;
/**
 * Texts of values must not depend on what a server has set for all, a key may be a day that is in no calendar, and
 * lists of keys must not become scans.
 */
const BOTH =
  "time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES', autocommit = 1, wait_timeout = 28800, net_write_timeout = 3600, completion_type = 'NO_CHAIN' " +
  '/*!50708 , range_optimizer_max_mem_size = 0 */ /*!80030 , show_gipk_in_create_table_and_information_schema = ON */';
const ISOLATION = 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ';

interface Opened<A extends Asked = Asked> {
  readonly asked: A;
  destroy(): void;
}

/** For the ledger, which asks its own way. */
interface TargetAsked extends Asked {
  readonly session: Session;
}

/** One connection to each server, made when it is needed. */
export class VerifyEnds implements Ends {
  readonly #settings: VerifyConfig['source'];
  readonly #target: ApplyConfig['target'];
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  #open: { source?: Promise<Opened>; target?: Promise<Opened<TargetAsked>> } = {};

  /** When `closing` aborts, whatever is asked fails at once. */
  constructor(source: VerifyConfig['source'], target: ApplyConfig['target'], clock: Clock, closing: AbortSignal) {
    this.#settings = source;
    this.#target = target;
    this.#clock = clock;
    this.#closing = closing;
  }

  async source(): Promise<Asked> {
    return (await (this.#open.source ??= this.#openSource())).asked;
  }

  async target(): Promise<TargetAsked> {
    return (await (this.#open.target ??= this.#openTarget())).asked;
  }

  drop(): void {
    const open = Object.values(this.#open);
    this.#open = {};
    for (const end of open)
      end.then(
        (opened) => opened.destroy(),
        () => undefined,
      );
  }

  async #openSource(): Promise<Opened> {
    const session = await openControlSession(this.#settings, this.#clock, () => undefined, this.#closing);
    return this.#prepared(
      { asked: sourceAsked(session), destroy: () => session.destroy() },
      'SET SESSION TRANSACTION READ ONLY',
    );
  }

  async #openTarget(): Promise<Opened<TargetAsked>> {
    const session = await openSession(this.#target, this.#clock, this.#closing);
    return this.#prepared({ asked: targetAsked(session), destroy: () => session.destroy() });
  }

  async #prepared<A extends Asked>(opened: Opened<A>, ...more: readonly string[]): Promise<Opened<A>> {
    try {
      for (const sql of ['SET NAMES utf8mb4', `SET SESSION ${BOTH}`, ISOLATION, ...more]) await opened.asked.query(sql);
      return opened;
    } catch (error) {
      opened.destroy();
      throw error;
    }
  }
}

const sourceAsked = (session: ControlSession): Asked => ({
  flavour: session.version.flavour,
  query: (sql) => session.query(sql, [], STATEMENT_MS),
});

const targetAsked = (session: Session): TargetAsked => ({
  session,
  flavour: session.server.flavour,
  query: (sql) => session.query(sql),
});
