/**
 * A position has two coordinates, GTIDs and file with offset, and a resume goes by one. Here the server's own list of
 * events is asked whether the other one agrees: a resume by GTIDs does not see transactions without, and after a RESET
 * the same GTIDs stand for other transactions.
 */
import { RelayError } from '../base/errors.ts';
import type { FilePosition } from '../binlog/binlog.ts';
import { GtidSet } from '../binlog/gtids/gtid-set.ts';
import { parseGtidList, type MariadbGtid } from '../binlog/gtids/mariadb-position.ts';
import { eventsOf, FIRST_OFFSET, GTID_EVENTS, gtidOf, gtidSetBeforeFile, requireBoundary } from './binlog-files.ts';
import { someOf } from './finding.ts';
import { mariadbGtidsBeforeFile } from './mariadb-server.ts';
import { textOf, type Asked } from './rows.ts';
import type { ServerFacts } from './server-facts.ts';
import type { BinlogFile, StoredPosition } from './source.ts';
import { hasPlace, SAME_TRANSACTIONS } from './stored-position.ts';

/** The first event after a place is nearly always what decides. */
const FIRST_PAGE = 10;
const MAX_NAMED = 10;

/**
 * Where the transactions without GTID stand that a resume after `gtidSet` would not show: those between the place and
 * the first transaction that the set lacks. At most ten.
 */
export async function hiddenTransactions(
  control: Asked,
  place: FilePosition,
  gtidSet: string,
  files: readonly BinlogFile[],
): Promise<readonly string[]> {
  const known = GtidSet.parse(gtidSet);
  const hidden: string[] = [];
  const from = files.findIndex(({ name }) => name === place.file);
  for (const { name } of from < 0 ? [] : files.slice(from)) {
    const offset = name === place.file ? place.offset : FIRST_OFFSET;
    for await (const event of eventsOf(control, name, offset, FIRST_PAGE)) {
      const type = textOf(event, 'Event_type');
      if (GTID_EVENTS.has(type) && !known.contains(GtidSet.parse(gtidOf(event)))) return hidden;
      if (type === 'Anonymous_Gtid') hidden.push(`${name}:${textOf(event, 'Pos')}`);
      if (hidden.length === MAX_NAMED) return hidden;
    }
  }
  return hidden;
}

/**
 * Throws SOURCE_ROLLED_BACK or SOURCE_CHANGED when the coordinates of a place on this very server do not agree; see
 * below.
 */
export async function requireBothCoordinates(
  control: Asked,
  stored: StoredPosition,
  { serverUuid, version, isReplica }: Pick<ServerFacts, 'serverUuid' | 'version' | 'isReplica'>,
  files: readonly BinlogFile[],
): Promise<void> {
  if (stored.serverUuid !== serverUuid) return;
  const isMariadb = version.flavour === 'mariadb';
  try {
    await requireSameBinlog(control, stored, files, isMariadb);
  } catch (error) {
    // Its binlog may be made again, with the same transactions: they come from another server.
    if (isReplica && stored.gtidSet !== undefined && error instanceof RelayError && error.code === 'SOURCE_ROLLED_BACK')
      return;
    throw error;
  }
  if (stored.gtidSet === undefined || isMariadb) return;
  const hidden = await hiddenTransactions(control, stored, stored.gtidSet, files);
  if (hidden.length === 0) return;
  throw new RelayError(
    'SOURCE_CHANGED',
    `transactions without GTID come after the checkpoint, where a resume by GTIDs would pass them: ${someOf(hidden)}`,
    {
      details: { hidden },
      remedy:
        'SET GLOBAL gtid_mode = ON_PERMISSIVE and start the relay: it goes on by file and offset, and publishes them. When /healthz says `idle`, stop it, SET GLOBAL gtid_mode = ON, and start it again.',
    },
  );
}

/**
 * Throws SOURCE_ROLLED_BACK when the binlog of the server is another one than `place` was written down of: no
 * transaction ends there, or others stand before it than `gtidSet` has.
 */
async function requireSameBinlog(
  control: Asked,
  { file, offset, gtidSet }: FilePosition & { readonly gtidSet: string | undefined },
  files: readonly BinlogFile[],
  isMariadb: boolean,
): Promise<void> {
  const place = { file, offset };
  if (!hasPlace(place, files)) return;
  try {
    await requireBoundary(control, place);
    if (gtidSet === undefined) return;
    const isBefore = isMariadb
      ? isReached(await mariadbGtidsBeforeFile(control, file), gtidSet)
      : GtidSet.parse(gtidSet).contains(await gtidSetBeforeFile(control, file));
    if (isBefore) return;
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== 'SOURCE_POSITION_INVALID') throw error;
    throw anotherBinlog(`the checkpoint ends at ${file}:${offset}, where no transaction ends on the server now`, error);
  }
  throw anotherBinlog(`other transactions stand before ${file}:${offset} on the server now than were published`);
}

/** As far as numbers of one server tell. */
function isReached(wanted: readonly MariadbGtid[], position: string): boolean {
  const last = new Map(parseGtidList(position).map(({ source, gno }) => [source, gno]));
  return wanted.every(({ source, gno }) => (last.get(source) ?? gno) >= gno);
}

function anotherBinlog(message: string, cause?: unknown): RelayError {
  return new RelayError('SOURCE_ROLLED_BACK', message, {
    cause,
    remedy:
      'The binlog was made again since the checkpoint (RESET BINARY LOGS AND GTIDS, RESET MASTER, a restored server): the same GTIDs may stand for other transactions. ' +
      SAME_TRANSACTIONS,
  });
}
