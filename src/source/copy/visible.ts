/** Waits until reads see what the stream has brought. */
import type { Clock } from '../../base/clock.ts';
import { RelayError } from '../../base/errors.ts';
import { isBefore } from '../../binlog/wire/binlog-file.ts';
import type { ControlSession } from '../control-session.ts';
import { numberOf, textOf } from '../rows.ts';
import type { Seen } from '../source.ts';

/** So long a server may take to show what the stream has. It is some milliseconds as a rule. */
const VISIBLE_SECONDS = 20;
const SNAPSHOT_LOOK_MS = 2;

type Waiting = Pick<ControlSession, 'query' | 'version' | 'gtidMode'>;

/**
 * Resolves when the next read sees everything that `seen` has, on the server that the stream comes from. What the
 * binlog has delivered, a read may not see yet: MySQL adds a transaction to gtid_executed after it has become visible.
 * MariaDB says where in the binlog a consistent snapshot stands: true, it is open then.
 */
export async function untilVisible(session: ControlSession, seen: Seen, clock: Clock): Promise<boolean> {
  if (session.version.flavour === 'mariadb') {
    await untilSnapshot(session, seen, clock);
    return true;
  }
  if (await hasExecuted(session, seen)) return false;
  throw new RelayError(
    'SOURCE_BEHIND',
    `the server has not made visible within ${VISIBLE_SECONDS} s what it had written to its binlog before`,
  );
}

/**
 * The same on a replica of that server, which is reached at `place`; its own binlog says nothing of the stream. MariaDB
 * counts a transaction as replicated after it has become visible, as MySQL does; true: a snapshot is open.
 */
export async function untilReplicated(session: Waiting, seen: Pick<Seen, 'gtidSet'>, place: string): Promise<boolean> {
  const isMariadb = session.version.flavour === 'mariadb';
  if (!(await (isMariadb ? hasReplicated(session, seen) : hasExecuted(session, seen)))) {
    throw new RelayError(
      'COPY_REPLICA_BEHIND',
      `copy.source, ${place}, has not come within ${VISIBLE_SECONDS} s to where the stream is: it is behind, its replication stands still, or it is no replica of the server that the stream comes from`,
    );
  }
  if (!isMariadb) return false;
  await session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
  return true;
}

async function hasExecuted(session: Waiting, { gtidSet }: Pick<Seen, 'gtidSet'>): Promise<boolean> {
  if (gtidSet === undefined || session.gtidMode === 'OFF')
    throw new RelayError('COPY_WITHOUT_GTIDS', 'tables are copied from a server that runs without GTIDs');
  return gtidSet === '' || isInTime(session, 'WAIT_FOR_EXECUTED_GTID_SET', gtidSet);
}

const hasReplicated = async (session: Waiting, { gtidSet = '' }: Pick<Seen, 'gtidSet'>): Promise<boolean> =>
  gtidSet === '' || isInTime(session, 'MASTER_GTID_WAIT', gtidSet);

async function isInTime(session: Waiting, wait: string, gtids: string): Promise<boolean> {
  const [row] = await session.query(`SELECT ${wait}(?, ?) AS late`, [gtids, String(VISIBLE_SECONDS)]);
  return numberOf(row, 'late') === 0;
}

async function untilSnapshot(session: ControlSession, seen: Seen, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + VISIBLE_SECONDS * 1000;
  for (;;) {
    await session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    const status = new Map(
      (await session.query("SHOW STATUS LIKE 'binlog_snapshot%'")).map((row) => [
        textOf(row, 'Variable_name').toLowerCase(),
        textOf(row, 'Value'),
      ]),
    );
    const place = {
      file: status.get('binlog_snapshot_file') ?? '',
      offset: Number(status.get('binlog_snapshot_position') ?? 0),
    };
    if (!isBefore(place, seen)) return;
    await session.query('COMMIT');
    if (clock.monotonic() > deadline) {
      throw new RelayError(
        'SOURCE_BEHIND',
        `the server has not made visible within ${VISIBLE_SECONDS} s what it had written to its binlog before`,
      );
    }
    await clock.sleep(SNAPSHOT_LOOK_MS);
  }
}
