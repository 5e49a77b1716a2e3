/**
 * A copied row is byte for byte the row that the stream has published: random rows of every type are inserted while the
 * relay runs, then their tables are copied. COPY_SEED repeats a run, with the COPY_ROWS, of each server, that it had.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MARIADB_VERSIONS, type MysqlAddress } from '../../../dev/servers/servers.ts';
import { tagOf } from '../../../src/format/properties.ts';
import { EXACT } from '../../../src/relay/tables/publish-policy.ts';
import type { OutboundMessage, Sink } from '../../../src/sink/sink.ts';
import { CopyingRelay } from '../../support/copying-relay.ts';
import { readAlphabets } from '../../support/round-trip/alphabets.ts';
import { Random } from '../../support/round-trip/random.ts';
import { randomTable, sourceTable, type ServerKinds } from '../../support/round-trip/tables.ts';
import { randomInserts } from '../../support/round-trip/workload.ts';
import { connectMysql, sharedMysql, uniqueName } from '../../support/servers.ts';
import { laneNames } from '../../support/lane-names.ts';
import { startOtherServers, type OtherServers } from '../../support/other-servers.ts';

const SEED = process.env['COPY_SEED'] ?? String(Date.now());
const ROWS = Number(process.env['COPY_ROWS'] ?? 4_000);
const TIMEOUT_MS = 240_000 + 20 * ROWS;
const TABLES = 12;

const newest = sharedMysql();
let others: OtherServers;
beforeAll(async () => {
  others = await startOtherServers();
}, 300_000);
afterAll(() => others.remove());

/** The elements of `data`, as they stand in the body, sorted; of the stream and of copies. */
class RawRows implements Sink {
  readonly streamed = new Map<string, string[]>();
  readonly copied = new Map<string, string[]>();
  /** What stands around the rows of a table. */
  readonly heads = new Map<string, Set<string>>();

  open(): ReturnType<Sink['open']> {
    return Promise.resolve({ destination: 'raw rows', queues: 1, laneNames, maxBodyBytes: 4 << 20 });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** One row a message: it stands between the head and the tail. */
  send({ body, tag, properties }: OutboundMessage): Promise<void> {
    if (tag === 'copy') return Promise.resolve();
    const rows = properties.has('copy') ? this.copied : this.streamed;
    const begins = body.indexOf('"data":[') + 8;
    const ends = body.lastIndexOf('],"old":');
    rows.set(tag, [...(rows.get(tag) ?? []), body.toString('latin1', begins, ends)]);
    const marks = body.toString('latin1', ends).replace(/,"gtid":.*|"changes":\[[^\]]*\]/g, '');
    const head = `${body.toString('latin1', 0, begins).replace(/"source":"[^"]*"/, '')} ${marks.replace(/"invalidText".*/, '')}`;
    this.heads.set(tag, (this.heads.get(tag) ?? new Set()).add(head));
    return Promise.resolve();
  }
}

async function compare(mysql: MysqlAddress, kinds: Omit<ServerKinds, 'alphabets'>): Promise<void> {
  const random = new Random(SEED);
  const database = uniqueName('bytes_');
  const connection = await connectMysql(mysql, { database: 'mysql' });
  const alphabets = await readAlphabets(connection, random.fork('alphabets'));
  await connection.query(`SET NAMES utf8mb4; SET SESSION sql_mode = '', time_zone = '+00:00'`);
  await connection.query(`CREATE DATABASE ${database}`);
  const tables = random.list(TABLES, (i) => randomTable(random.fork(i), i, { alphabets, ...kinds }));
  for (const table of tables) await connection.query(sourceTable(database, table));
  const sink = new RawRows();
  const run = new CopyingRelay({
    mysql,
    tables: { include: [`${database}.*`] },
    start: 'latest',
    sink,
    messageBytes: 1,
    publish: { ...EXACT, invalidText: 'base64', timeZone: 'Europe/Berlin' },
    copying: { atFirstStart: false, maxRows: 50 },
  });
  try {
    await run.untilRunning();
    for (const table of tables)
      for (const statement of randomInserts(random, database, table, ROWS / TABLES)) await connection.query(statement);
    await run.untilPublished(connection);
    run.relay.copy({ do: 'copy', patterns: [`${database}.*`] });
    await run.untilCopied();
    const [{ tables: copied = [] } = {}] = run.relay.status().copies;
    // Early versions of 8.0 tell some labels of ENUM and SET nowhere but in the binlog.
    const refused = copied.filter(
      ({ reason }) => mysql === others.oldest && reason?.includes('does not tell the labels'),
    );
    expect(copied.filter((each) => each.state !== 'copied' && !refused.includes(each))).toEqual([]);
    let rows = 0;
    for (const [tag, streamed] of sink.streamed) {
      if (refused.some(({ database: schema, table }) => tag === tagOf(schema, table))) continue;
      expect([...(sink.copied.get(tag) ?? [])].sort(), tag).toEqual([...streamed].sort());
      expect([...(sink.heads.get(tag) ?? [])], tag).toHaveLength(1);
      rows += streamed.length;
    }
    console.log(`copied as streamed: ${mysql.version} ${rows} rows; COPY_SEED=${SEED} COPY_ROWS=${ROWS}`);
    expect(rows).toBeGreaterThan(ROWS / 4);
  } finally {
    await run.stop();
    await connection.query(`DROP DATABASE ${database}`);
    await connection.end();
  }
}

test('of MySQL 9.7', () => compare(newest, { isModern: true, isMariadb: false, hasGenerated: true }), TIMEOUT_MS);
test(
  'of MySQL 8.0.12',
  () => compare(others.oldest, { isModern: false, isMariadb: false, hasGenerated: true }),
  TIMEOUT_MS,
);
test.each(MARIADB_VERSIONS)(
  'of %s',
  (version) => {
    const mariadb = others.mariadbs[MARIADB_VERSIONS.indexOf(version)];
    if (mariadb === undefined) throw new Error(`${version} was not started`);
    return compare(mariadb, { isModern: false, isMariadb: true, hasGenerated: true });
  },
  TIMEOUT_MS,
);
