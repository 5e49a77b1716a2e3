/** Whether the server can go on where a checkpoint ends. Pure. */
import { RelayError } from '../base/errors.ts';
import type { FilePosition } from '../binlog/binlog.ts';
import { baseName, fileNumber } from '../binlog/wire/binlog-file.ts';
import { GtidSet } from '../binlog/gtids/gtid-set.ts';
import { flavourOf } from '../binlog/gtids/gtids.ts';
import { parseGtidList } from '../binlog/gtids/mariadb-position.ts';
import { someGtids } from './finding.ts';
import { isOfServer } from './mariadb-server.ts';
import { unresumable } from './mariadb-stored-position.ts';
import type { ServerFacts } from './server-facts.ts';
import type { ServerVersion } from './server-version.ts';
import type { BinlogFile, StoredPosition } from './source.ts';

type Facts = Pick<
  ServerFacts,
  'version' | 'serverUuid' | 'hasGtids' | 'gtidMode' | 'gtidExecuted' | 'gtidPurged' | 'isReplica'
>;

/**
 * Throws BINLOG_PURGED with the transactions that the server no longer has, SOURCE_ROLLED_BACK with those of its own
 * that it does not know, SOURCE_BEHIND with those of others that will come to a replica, SOURCE_LACKS_PUBLISHED with
 * those that will not come, SOURCE_CHANGED when the checkpoint means nothing to it.
 */
export function requireResumable(stored: StoredPosition, facts: Facts, files: readonly BinlogFile[]): void {
  if (stored.gtidSet === undefined) requireFile(stored, facts, files);
  else requireGtids(stored.gtidSet, facts);
}

/**
 * Throws SOURCE_ROLLED_BACK for the server that a run before has found so: what it has written since then may bear the
 * same names.
 */
export function requireNotRolledBack({ rolledBack }: StoredPosition, { serverUuid }: Pick<Facts, 'serverUuid'>): void {
  if (rolledBack?.serverUuid !== serverUuid) return;
  throw new RelayError(
    'SOURCE_ROLLED_BACK',
    `the server ${serverUuid} was seen at ${rolledBack.at} without transactions that were published: what it has now under the same GTIDs or positions may be others`,
    { details: { ...rolledBack }, remedy: SAME_TRANSACTIONS },
  );
}

/** What is to be done, and the way out for who knows better. */
export const SAME_TRANSACTIONS =
  'Compare the copies with the server, repair them, then start with a new checkpoint folder. Only if you know that the transactions are the same: start with a new folder and source.start: { gtidSet: … } of the old checkpoint, which `binlog-relay checkpoint show` prints.';

/** The GTIDs of `gtidSet` must reach up to what was purged, and not beyond what was executed. */
export function requireGtids(gtidSet: string, facts: Facts): void {
  const { version, serverUuid, hasGtids, gtidMode, gtidExecuted, gtidPurged } = facts;
  requireFlavour(gtidSet, version);
  if (!hasGtids) {
    throw new RelayError('SOURCE_CHANGED', `the position is a GTID set, but gtid_mode of the server is ${gtidMode}`, {
      remedy:
        'Start the relay again: on the server that it has read before it goes on by file and offset. On another server GTIDs must be on: SET PERSIST gtid_mode, step by step up to ON.',
    });
  }
  if (version.flavour === 'mariadb') {
    const found = unresumable(gtidSet, gtidExecuted, gtidPurged);
    if (found === undefined) return;
    if (found.kind === 'purged') throw purged(`those up to ${found.gtids}`);
    const hasOwn = parseGtidList(found.gtids).some(({ source }) => isOfServer(source, serverUuid));
    throw lacking(found.gtids, hasOwn, facts);
  }
  const published = GtidSet.parse(gtidSet);
  const unknown = difference(published, GtidSet.parse(gtidExecuted));
  if (!unknown.isEmpty()) throw lacking(unknown.toString(), unknown.hasSource(serverUuid), facts);
  const missing = difference(GtidSet.parse(gtidPurged), published);
  if (!missing.isEmpty()) throw purged(missing.toString());
}

function requireFlavour(gtids: string, { flavour, text }: ServerVersion): void {
  const of = flavourOf(gtids);
  if (of === undefined || of === flavour) return;
  const form = of === 'mysql' ? 'a GTID set of MySQL' : 'a GTID position of MariaDB';
  throw new RelayError('SOURCE_CHANGED', `the position is ${form}, which the server, ${text}, does not understand`, {
    remedy: 'Connect to the old server, or start with a new checkpoint folder at a place of your choice.',
  });
}

/**
 * A server that has lost what it wrote itself gives the numbers out again; what others wrote, a replica only waits for,
 * and nobody brings it to any other server.
 */
function lacking(unknown: string, hasOwn: boolean, { isReplica }: Facts): RelayError {
  const details = { unknown };
  const gtids = someGtids(unknown);
  if (hasOwn) {
    return new RelayError(
      'SOURCE_ROLLED_BACK',
      `the server does not know these transactions, which were published and some of which it wrote itself: ${gtids}`,
      { details },
    );
  }
  if (isReplica) {
    return new RelayError(
      'SOURCE_BEHIND',
      `the server is a replica, and does not have these transactions yet, which were published: ${gtids}`,
      { details },
    );
  }
  return new RelayError(
    'SOURCE_LACKS_PUBLISHED',
    `the server never got these transactions of other servers, which were published: ${gtids}`,
    { details },
  );
}

function purged(missing: string): RelayError {
  return new RelayError(
    'BINLOG_PURGED',
    `the server has removed the binlog of these transactions, which are not published: ${someGtids(missing)}`,
    { details: { missing } },
  );
}

function requireFile(stored: StoredPosition, facts: Facts, files: readonly BinlogFile[]): void {
  const { file, offset, serverUuid } = stored;
  if (serverUuid !== facts.serverUuid) {
    throw new RelayError(
      'SOURCE_CHANGED',
      `the checkpoint was made on server ${serverUuid}, this is ${facts.serverUuid}: ${file}:${offset} is another place here`,
      {
        details: { stored: serverUuid, now: facts.serverUuid },
        remedy:
          'Connect to the old server. Without GTIDs a position cannot be carried over to another one; with gtid_mode = ON it can.',
      },
    );
  }
  if (hasPlace(stored, files)) return;
  throw new RelayError(
    'BINLOG_PURGED',
    `the server has removed ${file}, where the checkpoint ends; its oldest file is ${files[0]?.name ?? 'none'}`,
  );
}

/**
 * False when the file was removed, or the files have another name now. Throws SOURCE_ROLLED_BACK when the binlog has
 * not come so far.
 */
export function hasPlace({ file, offset }: FilePosition, files: readonly BinlogFile[]): boolean {
  const found = files.find(({ name }) => name === file);
  const newest = files.at(-1)?.name ?? '';
  if (found === undefined && (baseName(file) !== baseName(newest) || fileNumber(file) < fileNumber(newest)))
    return false;
  if (found === undefined) {
    throw new RelayError(
      'SOURCE_ROLLED_BACK',
      `the server has no ${file} yet, though the checkpoint ends there: its newest file is ${newest}`,
    );
  }
  if (offset > found.sizeBytes) {
    throw new RelayError(
      'SOURCE_ROLLED_BACK',
      `the checkpoint ends at ${file}:${offset}, but that file has only ${found.sizeBytes} bytes`,
    );
  }
  return true;
}

function difference(all: GtidSet, without: GtidSet): GtidSet {
  const rest = all.clone();
  rest.subtract(without);
  return rest;
}
