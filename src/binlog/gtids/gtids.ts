import { GtidSet } from './gtid-set.ts';
import { MariadbPosition } from './mariadb-position.ts';

export type Flavour = 'mysql' | 'mariadb';

/**
 * The transactions that a stream has passed, in the form that its server knows: a GTID set of MySQL, or a GTID position
 * of MariaDB. All that meet are of one flavour. Mutable.
 */
export interface Gtids {
  /** Adds one, in the order of the stream. `source` is that of change ids. */
  add(source: string, gno: bigint): void;
  /** Adds what came later in the stream. */
  union(later: Gtids): void;
  /** True when everything of `other` was passed. */
  contains(other: Gtids): boolean;
  hasGtid(source: string, gno: bigint): boolean;
  toString(): string;
}

/** Throws GTID_SET_INVALID. */
export function parseGtids(flavour: Flavour, text: string): Gtids {
  return flavour === 'mysql' ? GtidSet.parse(text) : MariadbPosition.parse(text);
}

export function noGtids(flavour: Flavour): Gtids {
  return flavour === 'mysql' ? new GtidSet() : new MariadbPosition();
}

/**
 * What the texts of one server are: undefined when all are empty, which is both. A set of MySQL always has a colon, a
 * position of MariaDB never. Before the first transaction one of two is empty: ask with both.
 */
export function flavourOf(...ofOneServer: readonly string[]): Flavour | undefined {
  const gtids = ofOneServer.find((text) => text.trim() !== '');
  if (gtids === undefined) return undefined;
  return gtids.includes(':') ? 'mysql' : 'mariadb';
}

/**
 * The server's own text of a GTID, `uuid:23` or `0-1-23`, from that of change ids, where a colon stands before the
 * number: `0-1:23`.
 */
export function serverGtid(gtid: string): string {
  return DOMAIN_AND_SERVER.test(gtid) ? gtid.replace(':', '-') : gtid;
}

const DOMAIN_AND_SERVER = /^\d+-\d+:/;
