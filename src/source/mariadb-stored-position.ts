/** Whether a MariaDB server can go on after a GTID position. Pure. */
import { domainOf, gtidListText, MariadbPosition, parseGtidList } from '../binlog/gtids/mariadb-position.ts';

export interface Unresumable {
  readonly kind: 'unknown' | 'purged';
  /** The GTIDs that the server does not know, or that its oldest binlog begins after. */
  readonly gtids: string;
}

/**
 * `known`: the last GTIDs of every domain and server; `purged`: the position that the oldest binlog begins at.
 * Undefined when the server can; where numbers of different servers of a domain would have to be compared, the dump
 * itself finds out.
 */
export function unresumable(position: string, known: string, purged: string): Unresumable | undefined {
  const last = new Map<string, bigint>();
  for (const { source, gno } of parseGtidList(known)) {
    if (gno > (last.get(source) ?? 0n)) last.set(source, gno);
  }
  const published = MariadbPosition.parse(position);
  const unknown = published.gtids().filter(({ source, gno }) => gno > (last.get(source) ?? 0n));
  if (unknown.length > 0) return { kind: 'unknown', gtids: gtidListText(unknown) };

  const missing = notReached(MariadbPosition.parse(purged), published);
  return missing === '' ? undefined : { kind: 'purged', gtids: missing };
}

/**
 * The GTIDs of `wanted` that `position` is surely before, as far as numbers of one server tell; empty when there is
 * none.
 */
export function notReached(wanted: MariadbPosition, position: MariadbPosition): string {
  const lastOf = new Map(position.gtids().map(({ source, gno }) => [domainOf(source), { source, gno }]));
  return gtidListText(
    wanted.gtids().filter(({ source, gno }) => {
      const own = lastOf.get(domainOf(source));
      return own === undefined || (own.source === source && own.gno < gno);
    }),
  );
}
