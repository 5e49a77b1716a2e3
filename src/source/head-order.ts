/** Whether a server has only moved forward since it was last asked. Pure. */
import { RelayError } from '../base/errors.ts';
import { baseName, isBefore } from '../binlog/wire/binlog-file.ts';
import { GtidSet } from '../binlog/gtids/gtid-set.ts';
import { flavourOf } from '../binlog/gtids/gtids.ts';
import { MariadbPosition, parseGtidList } from '../binlog/gtids/mariadb-position.ts';
import { someGtids } from './finding.ts';
import { isOfServer } from './mariadb-server.ts';
import { notReached } from './mariadb-stored-position.ts';
import type { Head } from './source.ts';

/**
 * SOURCE_ROLLED_BACK when `now` is before `before` on the same server: RESET BINARY LOGS AND GTIDS, or a restored
 * backup. The server tells a dump that is under way nothing of it: it gets no more events, and the same GTIDs are given
 * out again for other transactions. SOURCE_BEHIND when the server is a replica and has lost none of its own
 * transactions: those of others it gets again, and they are the same.
 */
export function setBack(before: Head, now: Head, isReplica: boolean): RelayError | undefined {
  if (before.serverUuid !== now.serverUuid) return undefined;
  const lost = lostGtids(before.gtidSet, now.gtidSet);
  if (lost === '' && !isEarlier(now, before)) return undefined;
  const message =
    `the server was at ${before.file}:${before.offset} and is now at ${now.file}:${now.offset}` +
    (lost === '' ? '' : `, without these transactions: ${someGtids(lost)}`);
  const details = { before: { ...before }, now: { ...now } };
  if (isReplica && now.gtidSet !== undefined && !hasOwn(lost, now.serverUuid))
    return new RelayError('SOURCE_BEHIND', message, { details });
  return new RelayError('SOURCE_ROLLED_BACK', message, {
    details,
    remedy:
      'Its binlog was reset (RESET BINARY LOGS AND GTIDS, RESET MASTER), or it was restored. What it has written since then is not published, and the old checkpoint means other ' +
      'transactions now: do not start with it again. Compare the copies with the server, repair them, then start with a new checkpoint folder.',
  });
}

function hasOwn(gtids: string, serverUuid: string): boolean {
  if (flavourOf(gtids) === 'mariadb') return parseGtidList(gtids).some(({ source }) => isOfServer(source, serverUuid));
  return GtidSet.parse(gtids).hasSource(serverUuid);
}

/** Those of `before` that `now` lacks. GTIDs may have been turned on or off meanwhile: that is another matter. */
function lostGtids(before: string | undefined, now: string | undefined): string {
  if (before === undefined || now === undefined) return '';
  if (flavourOf(before, now) === 'mariadb')
    return notReached(MariadbPosition.parse(before), MariadbPosition.parse(now));
  const lost = GtidSet.parse(before);
  lost.subtract(GtidSet.parse(now));
  return lost.toString();
}

function isEarlier(a: Head, b: Head): boolean {
  return baseName(a.file) === baseName(b.file) && isBefore(a, b);
}
