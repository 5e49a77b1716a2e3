/** What must hold at the end of a round, when nothing is broken any more and the load has stopped. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { stringify } from 'yaml';
import { PROGRAM } from '../../dev/daemon-process.ts';
import { holdsGtids, newestGtids } from '../support/gtids.ts';
import { tableStates } from '../support/table-states.ts';
import { stopInOrder } from './faults/processes.ts';
import type { RoundContext } from './round.ts';
import { connect } from './stream.ts';
import type { Watch } from './watch.ts';
import { KEYED_TABLES } from './workload.ts';

const DRAINED_WITHIN_MS = 120_000;
const RESIDENT_LIMIT = 400 << 20;
/**
 * What one event, or a transaction of a sixteenth of the limit (256 KiB in the binlog, more as text) may add, and the
 * buffers of all lanes, which double.
 */
const OVER_LIMIT = 2 << 20;
/** So long may the server take to see that a client is gone. */
const SESSIONS_WITHIN_MS = 20_000;

export async function judgeRound(context: RoundContext, stopsAtEnd: boolean): Promise<void> {
  const { servers, stream } = context;
  const [source, target] = await Promise.all([connect(servers.source), connect(servers.target)]);
  try {
    if (!(await isDrained(context, source))) return;
    await judgeTopic(context, source);
    await judgeCopy(context, source, target);
    await verify(context);
    judgeMemory(context);
    if (stopsAtEnd) await judgeStop(context, source);
  } finally {
    await Promise.all([source.end(), target.end()]);
  }
  for (const found of [stream.oracle, stream.relays].flatMap(({ problems }) => problems.splice(0)))
    context.problem(found);
}

/** Everything that was committed is acknowledged, and written into the copy; every copy of tables has ended. */
async function isDrained({ stream, problem }: RoundContext, source: Connection): Promise<boolean> {
  const newest = await newestGtids(source);
  const { relays, watchApply } = stream;
  const published = await relays.until(
    ({ lowWaterMark, copies = [] }) =>
      holdsGtids(lowWaterMark?.gtidSet ?? '', newest) && copies.every(({ endedAt }) => typeof endedAt === 'string'),
    DRAINED_WITHIN_MS,
  );
  if (published === undefined) {
    const seen = relays.watches.map((watch) => watch.seen);
    problem(`the relay has not published everything: ${JSON.stringify(seen)}`);
  }
  const behind = await commitBehind(source, stream.database);
  const applied = await watchApply.until(
    ({ complete }) => holdsGtids(complete?.gtidSet ?? '', behind),
    DRAINED_WITHIN_MS,
  );
  if (applied === undefined) problem(`apply has not written everything: ${JSON.stringify(watchApply.seen)}`);
  return published !== undefined && applied !== undefined;
}

/**
 * What the source has after one more transaction, of no table that is published. Until a copy has ended, `complete`
 * speaks of a table's changes alone; rows of a copy that has ended in the relay stand before this one in every lane.
 */
async function commitBehind(source: Connection, database: string): Promise<string> {
  await source.query(`CREATE DATABASE ${database}_judged`);
  await source.query(`DROP DATABASE ${database}_judged`);
  return newestGtids(source);
}

/** The topic against the binlog, as MySQL's own program reads it, and against the tables. */
async function judgeTopic({ servers, stream, report, problem }: RoundContext, source: Connection): Promise<void> {
  const truth = await servers.sources.truth.since(stream.database);
  report.committedChanges += truth.reduce((sum, { kinds }) => sum + kinds.length, 0);
  const deadlineMs = performance.now() + DRAINED_WITHIN_MS;
  while (!stream.oracle.hasAll(truth) && performance.now() < deadlineMs) await sleep(200);
  stream.oracle.judge(truth);
  const heard = stream.oracle.rows();
  const states = await tableStates(source, stream.database, (table) => KEYED_TABLES.some((keyed) => keyed === table));
  const lacking = [...states.keys()].filter((row) => !heard.has(row));
  // `notes` is altered sooner or later, and is compared in the copy only.
  const surplus = [...heard].filter((row) => !states.has(row) && !row.startsWith('notes '));
  if (lacking.length + surplus.length > 0)
    problem(`topic: ${lacking.length} rows lacking, ${surplus.length} surplus: ${shown({ lacking, surplus })}`);
}

async function judgeCopy(
  { stream, report, problem }: RoundContext,
  source: Connection,
  target: Connection,
): Promise<void> {
  const all = (): boolean => true;
  const [states, copied] = [
    await tableStates(source, stream.database, all),
    await tableStates(target, stream.copy, all),
  ];
  report.rowsCompared += states.size;
  const lacking = [...states].filter(([row, n]) => copied.get(row) !== n);
  const surplus = [...copied.keys()].filter((row) => !states.has(row));
  if (lacking.length + surplus.length > 0)
    problem(`copy: ${lacking.length} rows lacking, ${surplus.length} surplus: ${shown({ lacking, surplus })}`);
}

async function verify({ stream, problem }: RoundContext): Promise<void> {
  const file = join(stream.folder, 'verify.yaml');
  await writeFile(file, stringify(stream.verifyConfig()));
  const child = spawn(PROGRAM, ['verify', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const timeout = setTimeout(() => child.kill('SIGKILL'), DRAINED_WITHIN_MS);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timeout);
  if (code !== 0) problem(`verify ended with ${String(code)}: ${said.slice(-1000)}`);
}

function judgeMemory({ stream, report, problem }: RoundContext): void {
  const { relays, watchApply } = stream;
  const mostOf = (of: (watch: Watch) => number): number => Math.max(...relays.watches.map(of));
  const peaks = {
    relay: mostOf(({ peakResidentBytes }) => peakResidentBytes),
    apply: watchApply.peakResidentBytes,
  };
  for (const who of ['relay', 'apply'] as const) {
    report.peakResidentBytes[who] = Math.max(report.peakResidentBytes[who], peaks[who]);
    if (peaks[who] > RESIDENT_LIMIT) problem(`${who} has taken ${peaks[who] >> 20} MiB of memory`);
  }
  report.peakHeldBytes = Math.max(
    report.peakHeldBytes,
    mostOf(({ peakHeldBytes }) => peakHeldBytes),
  );
  const over = mostOf(({ peakHeldOverLimit }) => peakHeldOverLimit);
  if (over > OVER_LIMIT) problem(`the relay has held ${over} bytes more than its limit`);
}

/** Both end in order when they are asked to, and leave nothing behind; then they are started again. */
async function judgeStop({ stream, problem }: RoundContext, source: Connection): Promise<void> {
  const all = [...stream.relays.all.map(({ supervised }) => supervised), stream.apply];
  for (const supervised of all) {
    const children = supervised.pid === undefined ? [] : await childrenOf(supervised.pid);
    if (children.length > 0) problem(`${supervised.who} has processes of its own: ${children.join()}`);
    await stopInOrder(supervised, true, problem);
  }
  const deadlineMs = performance.now() + SESSIONS_WITHIN_MS;
  let sessions = await sessionsOfRelay(source);
  while (sessions > 0 && performance.now() < deadlineMs) {
    await sleep(200);
    sessions = await sessionsOfRelay(source);
  }
  if (sessions > 0) problem(`${sessions} sessions of the relay are left in MySQL after its end`);
  for (const supervised of all) await supervised.start();
  if ((await stream.relays.untilInOrder(DRAINED_WITHIN_MS)) === undefined)
    problem(`not in order after the start: ${stream.relays.said()}`);
}

async function childrenOf(pid: number): Promise<readonly string[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''));
  return (await Promise.all(lists)).flatMap((list) => list.split(' ')).filter((child) => child.trim() !== '');
}

async function sessionsOfRelay(source: Connection): Promise<number> {
  const [[row]] = await source.query<RowDataPacket[]>(
    "SELECT COUNT(*) AS n FROM performance_schema.processlist WHERE user = 'relay'",
  );
  return Number(row?.['n']);
}

const shown = ({
  lacking,
  surplus,
}: {
  readonly lacking: readonly unknown[];
  readonly surplus: readonly unknown[];
}): string => JSON.stringify({ lacking: lacking.slice(0, 3), surplus: surplus.slice(0, 3) }).slice(0, 1500);
