import type { Clock } from '../base/clock.ts';
import type { ConnectionSettings } from './connection-options.ts';
import { openControlSession, type ControlSession } from './control-session.ts';
import { askHistoryList } from './copy/history-list.ts';
import { untilReplicated } from './copy/visible.ts';
import type { Finding } from './finding.ts';
import { mariadbNewestPosition } from './mariadb-server.ts';
import { selectFindings } from './preflight-copy.ts';
import type { Published } from './preflight-tables.ts';
import { askGrants, encryptionFindings } from './preflight.ts';
import { numberOf, textOf } from './rows.ts';
import { allTables } from './schema-queries.ts';

export interface CopyCheckOptions {
  readonly settings: ConnectionSettings;
  /** Undefined: tables are read of the server at `settings`. */
  readonly replica: ConnectionSettings | undefined;
  readonly published: Published;
  readonly clock: Clock;
}

/** A source has as long to show what a replica of it shows. */
const SOURCE_SECONDS = '5';

/**
 * Where tables are read of, and what would keep a copy from it there; `sentence` holds when no finding is an error.
 * Throws a RelayError when a server cannot be asked, or is no replica of the other one.
 */
export async function checkCopy({
  settings,
  replica,
  published,
  clock,
}: CopyCheckOptions): Promise<{ readonly findings: readonly Finding[]; readonly sentence: string }> {
  const sessions: ControlSession[] = [];
  const open = async (of: ConnectionSettings): Promise<ControlSession> => {
    const session = await openControlSession(of, clock, () => undefined, new AbortController().signal);
    sessions.push(session);
    return session;
  };
  try {
    const source = await open(settings);
    if (replica === undefined)
      return { findings: [], sentence: `tables are read of the source; ${await watched(source)}` };
    const reading = await open(replica);
    const findings = [
      ...(await tableFindings(reading, published)),
      ...(await replicationFindings(source, reading, `${replica.host}:${replica.port}`)),
      ...encryptionFindings(replica.host, reading.isEncrypted, replica.section),
    ];
    const what = reading.serverUuid === source.serverUuid ? 'the source itself' : 'a replica of the source';
    return {
      findings,
      sentence: `tables are read of ${replica.host}:${replica.port}, ${what}; ${await watched(reading)}`,
    };
  } finally {
    for (const session of sessions) session.destroy();
  }
}

async function tableFindings(reading: ControlSession, published: Published): Promise<readonly Finding[]> {
  const { grants, account } = await askGrants(reading);
  const tables = (await allTables(reading)).filter(({ database, table }) => published.includes(database, table));
  return selectFindings('copy.source is where tables are read of', { grants, account, tables });
}

/** Throws COPY_REPLICA_BEHIND when the replica does not come to have what the source has by now. */
async function replicationFindings(
  source: ControlSession,
  reading: ControlSession,
  place: string,
): Promise<readonly Finding[]> {
  if (reading.serverUuid === source.serverUuid) return [];
  if (source.version.flavour === 'mariadb') {
    await untilReplicated(reading, { gtidSet: await mariadbNewestPosition(source) }, place);
    return [];
  }
  const executed = async (session: ControlSession): Promise<string> =>
    textOf((await session.query('SELECT @@GLOBAL.gtid_executed AS gtids'))[0], 'gtids').replaceAll('\n', '');
  await untilReplicated(reading, { gtidSet: source.gtidMode === 'ON' ? await executed(source) : undefined }, place);
  const written = await executed(reading);
  if (written === '') return [];
  const [row] = await source.query('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS late', [written, SOURCE_SECONDS]);
  if (numberOf(row, 'late') === 0) return [];
  return [
    {
      level: 'warning',
      code: 'COPY_REPLICA_WRITTEN',
      message: `copy.source, ${place}, has transactions that the server at source.host does not have: what was written there directly would be copied, and the stream never tells of it.`,
      remedy:
        'SELECT GTID_SUBTRACT(@@GLOBAL.gtid_executed, …) with the gtid_executed of the source names them. Set super_read_only = ON on replicas.',
    },
  ];
}

const watched = async (session: ControlSession): Promise<string> =>
  (await askHistoryList(session)) === undefined
    ? 'the history list of InnoDB is not watched (copy.maxHistoryList): that takes GRANT PROCESS ON *.*'
    : 'the history list of InnoDB is watched';
