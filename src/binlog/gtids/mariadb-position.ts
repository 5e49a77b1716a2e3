/**
 * A GTID position of MariaDB: of each replication domain the last transaction, `domain-server-number`. Within a domain
 * the binlog is one order, so that one transaction stands for everything before it. Source: slave_connection_state in
 * sql/rpl_gtid.cc
 */
import { RelayError } from '../../base/errors.ts';

/** The last transaction of a domain. */
export interface MariadbGtid {
  /** `domain-server`: the source of change ids. */
  readonly source: string;
  readonly gno: bigint;
}

/** Mutable. A source is `domain-server` in decimal; a number is 1 to 2^64-1. */
export class MariadbPosition {
  /** By domain: the source of its last transaction. */
  readonly #last = new Map<string, string>();
  /** By source: its highest number. */
  readonly #numbers = new Map<string, bigint>();
  /** The source of the transaction before: nearly always that of the next one. */
  #newestSource = '';

  /**
   * Reads what @@gtid_binlog_pos prints: `0-1-23,5-2-7`; empty for none. Throws GTID_SET_INVALID, naming the part that
   * is wrong.
   */
  static parse(text: string): MariadbPosition {
    const position = new MariadbPosition();
    for (const { source, gno } of parseGtidList(text)) {
      const domain = domainOf(source);
      if (position.#last.has(domain)) throw invalid(`${source}-${gno}`, `domain ${domain} once`);
      position.add(source, gno);
    }
    return position;
  }

  add(source: string, gno: bigint): void {
    if (source !== this.#newestSource) {
      this.#last.set(domainOf(source), source);
      this.#newestSource = source;
    }
    this.#numbers.set(source, gno);
  }

  union(later: MariadbPosition): void {
    for (const [source, gno] of later.#numbers) this.#numbers.set(source, gno);
    for (const [domain, source] of later.#last) this.#last.set(domain, source);
    this.#newestSource = '';
  }

  contains(other: MariadbPosition): boolean {
    return other.gtids().every(({ source, gno }) => this.hasGtid(source, gno));
  }

  /** Numbers of one source rise; how they compare with those of another says nothing. */
  hasGtid(source: string, gno: bigint): boolean {
    return gno <= (this.#numbers.get(source) ?? 0n);
  }

  /** The last transaction of each domain, in the order of the domains. */
  gtids(): readonly MariadbGtid[] {
    return [...this.#last]
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, source]) => ({ source, gno: this.#numbers.get(source) ?? 0n }));
  }

  toString(): string {
    return gtidListText(this.gtids());
  }
}

/**
 * Every GTID of a list, in its order: a position, or @@gtid_binlog_state, which has all servers of a domain. Throws
 * GTID_SET_INVALID.
 */
export function parseGtidList(text: string): readonly MariadbGtid[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseGtid);
}

/** As the server prints it. */
export const gtidListText = (gtids: readonly MariadbGtid[]): string =>
  gtids.map(({ source, gno }) => `${source}-${gno}`).join(',');

export const domainOf = (source: string): string => source.slice(0, source.indexOf('-'));

function parseGtid(text: string): MariadbGtid {
  const [, domain, server, number] = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/.exec(text) ?? [];
  if (domain === undefined || server === undefined || number === undefined)
    throw invalid(text, 'domain-server-number, such as 0-1-23');
  const gno = BigInt(number);
  if (Number(domain) > LAST_ID || Number(server) > LAST_ID || gno > LAST_NUMBER || gno < 1n)
    throw invalid(text, 'a domain and a server of 32 bits, and a number from 1 of 64 bits');
  return { source: `${Number(domain)}-${Number(server)}`, gno };
}

function invalid(part: string, expected: string): RelayError {
  const shown = part.length > 80 ? `${part.slice(0, 80)}…` : part;
  return new RelayError('GTID_SET_INVALID', `GTID position: '${shown}' is not right: expected ${expected}`, {
    details: { part: shown },
  });
}

const LAST_ID = 0xffff_ffff;
const LAST_NUMBER = (1n << 64n) - 1n;
