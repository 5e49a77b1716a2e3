/** Whose turn it is among the servers of `source.hosts`, and why others were passed over. */
import type { Code } from '../base/error-codes.ts';
import { asRelayError, RelayError } from '../base/errors.ts';
import type { MysqlHost, MysqlHosts } from '../config/config.ts';

/** What another server of the list would not change, or must not: it would only hide it. */
const NOT_OF_A_HOST: ReadonlySet<Code> = new Set<Code>([
  'SOURCE_LOCKED',
  'SOURCE_MOVED',
  'GTID_SET_INVALID',
  'INTERNAL',
]);

export const hostText = ({ host, port }: MysqlHost): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/**
 * In each round every host is asked once at most: first the one that served last, for whose sake alone none is left,
 * then the others in the order of the list.
 */
export class HostTurns {
  readonly #hosts: MysqlHosts;
  #current: MysqlHost;
  #servedLast: MysqlHost;
  /** Of this round. */
  #reasons = new Map<MysqlHost, RelayError>();
  /** Of the last time that each was passed over, since it served. */
  readonly #known = new Map<MysqlHost, Code>();

  constructor(hosts: MysqlHosts) {
    this.#hosts = hosts;
    [this.#current] = hosts;
    this.#servedLast = this.#current;
  }

  get current(): MysqlHost {
    return this.#current;
  }

  get areSeveral(): boolean {
    return this.#hosts.length > 1;
  }

  /**
   * The current one cannot serve: it is the next one's turn. `isNews`: it was not so when it was asked before. `none`:
   * what to throw when none is left; the next round begins then.
   */
  pass(reason: RelayError): { readonly isNews: boolean; readonly none: RelayError | undefined } {
    const passed = this.#current;
    const isNews = this.#known.get(passed) !== reason.code;
    this.#known.set(passed, reason.code);
    this.#reasons.set(passed, reason);
    const next = this.#hosts.find((host) => !this.#reasons.has(host));
    if (next === undefined) return { isNews, none: noneServes(this.#beginRound(this.#servedLast)) };
    this.#current = next;
    return { isNews, none: undefined };
  }

  /** All but the current one. */
  get others(): readonly MysqlHost[] {
    return this.#hosts.filter((host) => host !== this.#current);
  }

  /** It is the turn of this one, whatever was thought of it before. */
  turnTo(host: MysqlHost): void {
    this.#beginRound(host);
  }

  /** The current one serves: its turn ends when it does not any more. */
  serves(): void {
    this.#servedLast = this.#current;
    this.#known.delete(this.#current);
    this.#beginRound(this.#current);
  }

  /** The reasons of the round before. */
  #beginRound(first: MysqlHost): ReadonlyMap<MysqlHost, RelayError> {
    const reasons = this.#reasons;
    this.#reasons = new Map();
    this.#current = first;
    return reasons;
  }
}

/**
 * What `work` gives at the first host at which it does not fail. `leave` is called before another one is asked, with
 * why. Throws what no other host would change, and when it fails at all of them: with a single one what was thrown
 * there.
 */
export async function atFitHost<T>(
  turns: HostTurns,
  work: (host: MysqlHost) => Promise<T>,
  leave: (host: MysqlHost, reason: RelayError, isNews: boolean) => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  for (;;) {
    const host = turns.current;
    try {
      const result = await work(host);
      turns.serves();
      return result;
    } catch (thrown) {
      const reason = asRelayError(thrown);
      if (!turns.areSeveral || NOT_OF_A_HOST.has(reason.code)) throw thrown;
      const { isNews, none } = turns.pass(reason);
      await leave(host, reason, isNews);
      if (none !== undefined) throw none;
    }
  }
}

/**
 * One error for all: while one of them may come back, SOURCE_NO_HOST_FIT, which is tried again; otherwise the code of
 * the one that gives the most hope.
 */
function noneServes(reasons: ReadonlyMap<MysqlHost, RelayError>): RelayError {
  const errors = [...reasons.values()];
  const hopeful = errors.find((error) => error.isRetried(true)) ?? errors[0];
  const each = (of: (error: RelayError) => string): string =>
    [...reasons].map(([host, error]) => `${hostText(host)}: ${of(error)}`).join(' | ');
  return new RelayError(
    hopeful === undefined || errors.some(({ retryable }) => retryable) ? 'SOURCE_NO_HOST_FIT' : hopeful.code,
    `none of source.hosts can serve. ${each(({ code, message }) => `${code}: ${message}`)}`,
    {
      details: { hosts: Object.fromEntries([...reasons].map(([host, { code }]) => [hostText(host), code])) },
      remedy: each(({ remedy }) => remedy),
    },
  );
}
