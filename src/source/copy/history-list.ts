import type { Clock } from '../../base/clock.ts';
import type { ControlSession } from '../control-session.ts';
import { isGrantMissing } from '../mysql-errors.ts';
import { numberOf } from '../rows.ts';

/** It grows slowly: nothing is gained by asking with every look at the server. */
const ASK_MS = 5_000;

/** How long the list of old versions of rows is that InnoDB keeps for whoever may still read them. */
export class HistoryList {
  readonly #clock: Clock;
  #askedMs = -Infinity;
  #length: number | undefined;
  /** The account may not ask there. */
  #hidden: ControlSession | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** As it was some seconds ago at most; undefined where the account may not ask: MySQL wants PROCESS for it. */
  async length(session: ControlSession): Promise<number | undefined> {
    if (session === this.#hidden) return undefined;
    if (this.#clock.monotonic() - this.#askedMs < ASK_MS) return this.#length;
    this.#length = await askHistoryList(session);
    this.#askedMs = this.#clock.monotonic();
    if (this.#length === undefined) this.#hidden = session;
    return this.#length;
  }
}

/** Undefined when the account may not ask, or the server does not count it. */
export async function askHistoryList(session: Pick<ControlSession, 'query' | 'version'>): Promise<number | undefined> {
  if (session.version.flavour === 'mariadb') {
    const [row] = await session.query("SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length'");
    return row && numberOf(row, 'Value');
  }
  try {
    const [row] = await session.query(
      "SELECT COUNT AS length FROM information_schema.INNODB_METRICS WHERE NAME = 'trx_rseg_history_len' AND STATUS = 'enabled'",
    );
    return row && numberOf(row, 'length');
  } catch (error) {
    if (isGrantMissing(error)) return undefined;
    throw error;
  }
}
