/**
 * One round trip: tables on a source, changes to them, the real relay, a reader that keeps a copy from the text alone,
 * and a comparison.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import type { MysqlAddress } from '../../../dev/servers/servers.ts';
import type { Ordering } from '../../../src/change/change.ts';
import type { Relay } from '../../../src/relay/run/run.ts';
import { holdsGtids, newestGtids } from '../gtids.ts';
import { realSourceRelay } from '../real-source-relay.ts';
import { connectMysql, uniqueName } from '../servers.ts';
import { firstDifference, type Difference, type Sides } from './compare.ts';
import { CopySink } from './copy-sink.ts';
import type { ReadingSink } from './reading-sink.ts';
import { copyTable, sourceTable, type Kept, type TestTable } from './tables.ts';
import { sqlOf, type TestTransaction } from './workload.ts';
import { isBeginning, isEnding } from '../relay-states.ts';

export interface Ends {
  readonly source: MysqlAddress;
  readonly copy: MysqlAddress;
  /** Writes the copy; without it the reader of dev/replay.ts does. */
  readonly createReader?: (copy: MysqlAddress, copyDatabase: string, database: string) => Promise<ReadingSink>;
  /** What the copy keeps a column as, given the type in the source; where it is another kind of server. */
  readonly copyType?: (sql: string) => string;
  /** Looks at the copy in the place of a comparison by checksums. */
  readonly examine?: (sides: Sides, tables: readonly TestTable[], kept: Kept) => Promise<Examined>;
}

export interface Examined {
  /** Of the source. */
  readonly rows: number;
  readonly problem: Problem | undefined;
}

export interface Attempt {
  readonly tables: readonly TestTable[];
  readonly transactions: readonly TestTransaction[];
  readonly relay: { readonly ordering: Ordering; readonly lanes: number; readonly messageBytes: number };
  /** What becomes of a body on its way: for the test of this test. */
  readonly tamper?: (body: string) => string;
  /** Of the only table, while it is reduced. */
  readonly kept?: Kept;
}

export interface Problem {
  readonly what: string;
  readonly difference?: Difference;
}

export interface Outcome {
  readonly problem: Problem | undefined;
  /** Changes published. */
  readonly changes: number;
  /** Rows that the source held at the end. */
  readonly rows: number;
  /** The last of the messages. */
  readonly bodies: readonly string[];
}

const STUCK_MS = 60_000;
const SESSION = "SET NAMES utf8mb4; SET SESSION sql_mode = '', time_zone = '+00:00'";

export async function roundTrip(ends: Ends, attempt: Attempt): Promise<Outcome> {
  const database = uniqueName('round_trip_');
  const source = await connectMysql(ends.source);
  const copy = await connectMysql(ends.copy);
  try {
    await source.query(`${SESSION}; CREATE DATABASE ${database}; USE ${database}`);
    await copy.query(
      `${SESSION}, sql_log_bin = 0, autocommit = 0; CREATE DATABASE ${copyOf(database)}; USE ${copyOf(database)}`,
    );
    for (const table of attempt.tables) {
      await made(source, sourceTable(database, table, attempt.kept));
      await made(copy, copyTable(copyOf(database), table, attempt.kept, ends.copyType));
    }
    return await published(ends, attempt, database, source, copy);
  } finally {
    await source.query(`DROP DATABASE IF EXISTS ${database}`);
    await copy.query(`DROP DATABASE IF EXISTS ${copyOf(database)}`);
    await source.end();
    await copy.end();
  }
}

/** Source and copy may be schemas of one server. */
const copyOf = (database: string): string => `${database}_copy`;

async function published(
  ends: Ends,
  attempt: Attempt,
  database: string,
  source: Connection,
  copy: Connection,
): Promise<Outcome> {
  const { tamper = (body: string): string => body } = attempt;
  const sink =
    (await ends.createReader?.(ends.copy, copyOf(database), database)) ?? new CopySink(copy, copyOf(database), tamper);
  try {
    return await readBack(ends, attempt, sink, { source, copy, database, copyDatabase: copyOf(database) });
  } finally {
    await sink.end();
  }
}

async function readBack(ends: Ends, attempt: Attempt, sink: ReadingSink, sides: Sides): Promise<Outcome> {
  const { tables, transactions, kept } = attempt;
  const { source, copy, database } = sides;
  const relay = realSourceRelay({
    mysql: ends.source,
    tables: { include: [`${database}.*`] },
    sink,
    ...attempt.relay,
  });
  const stop = new AbortController();
  let failure: unknown;
  const running = relay.run(stop.signal).catch((error: unknown) => {
    failure = error;
  });
  const outcome = (problem: Problem | undefined, rows = 0): Outcome => ({
    problem,
    rows,
    changes: sink.changes,
    bodies: sink.bodies,
  });
  try {
    while (isBeginning(relay.status())) await sleep(5);
    for (const { settings, operations, end } of transactions) {
      const statements = operations.flatMap((operation) => {
        const table = tables[operation.table];
        return table === undefined ? [] : [sqlOf(database, table, operation, kept) ?? 'DO 0'];
      });
      for (const statement of [...settings, 'BEGIN', ...statements, end]) await made(source, statement);
    }
    const problem = await untilPublished(relay, source);
    if (problem !== undefined) return outcome(problem);
  } finally {
    stop.abort();
    await running;
  }
  if (failure !== undefined) return outcome({ what: `the relay stopped: ${describe(failure)}` });
  if (sink.failure === undefined) await sink.finish(tables);
  if (sink.failure !== undefined) return outcome({ what: `the reader could not apply a message: ${sink.failure}` });
  await copy.commit();
  const { problem, rows } = await (ends.examine ?? exactness)(sides, tables, kept);
  return outcome(problem, rows);
}

/** By checksums of every column. */
export async function exactness(sides: Sides, tables: readonly TestTable[], kept: Kept): Promise<Examined> {
  let rows = 0;
  for (const table of tables) {
    const compared = await firstDifference(sides, table, kept);
    rows += compared.rows;
    if (compared.difference !== undefined)
      return { rows, problem: { what: 'a value of the copy differs', difference: compared.difference } };
  }
  return { rows, problem: undefined };
}

/** Waits until the low-water mark has everything that the source has committed by now: then the copy has it, too. */
async function untilPublished(relay: Relay, source: Connection): Promise<Problem | undefined> {
  const executed = await newestGtids(source);
  const deadlineMs = performance.now() + STUCK_MS;
  for (;;) {
    const status = relay.status();
    if (isEnding(status)) return undefined;
    const mark = status.lowWaterMark?.gtidSet ?? '';
    if (holdsGtids(mark, executed)) return undefined;
    if (performance.now() > deadlineMs) return { what: `the relay did not get to ${executed} but to ${mark}` };
    await sleep(20);
  }
}

/** The workload is to be one that the server takes: where it is not, its author needs the statement. */
async function made(source: Connection, statement: string): Promise<void> {
  try {
    await source.query(statement);
  } catch (error) {
    throw new Error(`${describe(error)}: ${statement.slice(0, 2000)}`, { cause: error });
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${'code' in error ? `${String(error.code)}: ` : ''}${error.message}`;
}
