/** Whether the server can go on where a checkpoint ends. Pure. */
import { RelayError } from '../base/errors.ts';
import { fileNumber } from '../binlog/binlog-file.ts';
import { GtidSet } from '../binlog/gtid-set.ts';
import { flavourOf } from '../binlog/gtids.ts';
import type { BinlogFile } from './binlog-files.ts';
import { unresumable } from './mariadb-stored-position.ts';
import type { ServerFacts } from './server-facts.ts';
import type { ServerVersion } from './server-version.ts';
import type { StoredPosition } from './source.ts';

type Facts = Pick<ServerFacts, 'version' | 'serverUuid' | 'hasGtids' | 'gtidMode' | 'gtidExecuted' | 'gtidPurged'>;

/**
 * Throws BINLOG_PURGED with the transactions that the server no longer has, SOURCE_ROLLED_BACK with those that it does not know, SOURCE_CHANGED
 * when the checkpoint means nothing to it.
 */
export function requireResumable(stored: StoredPosition, facts: Facts, files: readonly BinlogFile[]): void {
  if (stored.gtidSet === undefined) requireFile(stored, facts, files);
  else requireGtids(stored.gtidSet, facts);
}

/** The GTIDs of `gtidSet` must reach up to what was purged, and not beyond what was executed. */
export function requireGtids(gtidSet: string, { version, hasGtids, gtidMode, gtidExecuted, gtidPurged }: Facts): void {
  requireFlavour(gtidSet, version);
  if (!hasGtids) {
    throw new RelayError('SOURCE_CHANGED', `the position is a GTID set, but gtid_mode of the server is ${gtidMode}`, {
      remedy:
        'Turn GTIDs on again (SET PERSIST gtid_mode, step by step up to ON), or start with a new checkpoint folder at a place of your choice.',
    });
  }
  if (version.flavour === 'mariadb') {
    const found = unresumable(gtidSet, gtidExecuted, gtidPurged);
    if (found === undefined) return;
    throw found.kind === 'unknown' ? rolledBack(found.gtids) : purged(`those up to ${found.gtids}`);
  }
  const published = GtidSet.parse(gtidSet);
  const unknown = difference(published, GtidSet.parse(gtidExecuted));
  if (!unknown.isEmpty()) throw rolledBack(unknown.toString());
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

function rolledBack(unknown: string): RelayError {
  return new RelayError(
    'SOURCE_ROLLED_BACK',
    `the server does not know these transactions, which were published: ${unknown}`,
    {
      details: { unknown },
      remedy:
        'If the server is a replica that is behind, start again when it has caught up. Otherwise it was restored or lost the end of its binlog: ' +
        'compare the copies with it, repair them, then start with a new checkpoint folder.',
    },
  );
}

function purged(missing: string): RelayError {
  return new RelayError(
    'BINLOG_PURGED',
    `the server has removed the binlog of these transactions, which are not published: ${missing}`,
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
  if (facts.hasGtids) {
    throw new RelayError('SOURCE_CHANGED', `GTIDs were turned on since the checkpoint was made at ${file}:${offset}`, {
      remedy: `Start with a new folder (checkpoint.path) and source.start: { file: ${file}, position: ${offset} }. The relay then finds the GTID set of that place.`,
    });
  }
  const found = files.find(({ name }) => name === file);
  if (found === undefined) {
    const isNewer = fileNumber(file) > fileNumber(files.at(-1)?.name ?? '');
    throw isNewer
      ? new RelayError(
          'SOURCE_ROLLED_BACK',
          `the server has no ${file} yet, though the checkpoint ends there: its newest file is ${files.at(-1)?.name ?? 'none'}`,
        )
      : new RelayError(
          'BINLOG_PURGED',
          `the server has removed ${file}, where the checkpoint ends; its oldest file is ${files[0]?.name ?? 'none'}`,
        );
  }
  if (offset > found.sizeBytes) {
    throw new RelayError(
      'SOURCE_ROLLED_BACK',
      `the checkpoint ends at ${file}:${offset}, but that file has only ${found.sizeBytes} bytes`,
    );
  }
}

function difference(all: GtidSet, without: GtidSet): GtidSet {
  const rest = all.clone();
  rest.subtract(without);
  return rest;
}
