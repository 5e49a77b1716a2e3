/** A whole run: rounds of faults until the time is over. Everything is stopped at its end, however it ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAILOVER, type FaultKind } from './fault-kinds.ts';
import { judgeRound } from './judge.ts';
import { addCounts, emptyReport, type ChaosReport } from './report.ts';
import { runFault } from './round.ts';
import { ROUNDS_A_STREAM, scheduledRound, type Wishes } from './schedule.ts';
import { startChaosServers, type ChaosServers } from './servers.ts';
import { Stream } from './stream.ts';
import { Lateness } from './watch.ts';
import { Workload } from './workload.ts';

/** It takes half a minute to give the broker a disk of its own. */
const DISK_MINUTES = 10;

/** In `total` rows of different tables do not share messages, and each waits for the one before. */
const TOTAL_SHARE = 8;

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Whole rounds; `minutes` does not count then. */
  readonly rounds?: number | undefined;
  readonly transactionsPerSecond: number;
  /** Of faults; unless given all. */
  readonly kinds?: readonly FaultKind[];
  /** The first round: to see a later one of a seed again without those before it. */
  readonly firstRound?: number;
  /** What is not left to the seed. */
  readonly wishes?: Wishes;
  /** Folders with another `node` each, under which the relay runs by turns. */
  readonly nodePaths?: readonly string[];
  readonly say: (line: string) => void;
  /** Ends the run early, in order. */
  readonly signal?: AbortSignal;
}

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, minutes, say, signal } = options;
  const report = emptyReport(seed);
  const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-chaos-'));
  const lateness = new Lateness();
  const servers = await startChaosServers({
    hasStoreDisk: minutes >= DISK_MINUTES,
    nodePaths: options.nodePaths ?? [],
    progress: say,
  });
  const startMs = performance.now();
  const { rounds } = options;
  const isDue = (): boolean =>
    rounds === undefined ? performance.now() - startMs > minutes * 60_000 : report.rounds >= rounds;
  const isOver = (): boolean => signal?.aborted === true || report.problems.length > 0 || isDue();
  let stream: Stream | undefined;
  try {
    const first = options.firstRound ?? 0;
    for (let round = first; !isOver(); round += 1) {
      if (round === first || round % ROUNDS_A_STREAM === 0) {
        if (stream !== undefined) await endStream(stream, report);
        const { ordering, isStandby, isReplicated } = scheduledRound(seed, round, options.kinds, options.wishes);
        const number = Math.floor(round / ROUNDS_A_STREAM);
        stream = await Stream.begin({
          servers,
          ordering,
          isStandby,
          isReplicated,
          number,
          folder: join(folder, `stream-${number}`),
        });
      }
      if (stream !== undefined) await oneRound(round, { ...options, servers, stream, report, lateness, isOver });
    }
  } catch (error) {
    report.problems.push(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    if (stream !== undefined) await endStream(stream, report);
    await servers.stop();
    report.longestDelayMs = lateness.longestMs;
    lateness.stop();
    report.minutes = (performance.now() - startMs) / 60_000;
    if (report.problems.length === 0) await rm(folder, { recursive: true, force: true });
    else report.folder = folder;
  }
  return report;
}

interface RoundOptions extends ChaosOptions {
  readonly servers: ChaosServers;
  readonly stream: Stream;
  readonly report: ChaosReport;
  readonly lateness: Lateness;
  readonly isOver: () => boolean;
}

async function oneRound(round: number, options: RoundOptions): Promise<void> {
  const { seed, servers, stream, report, say, isOver } = options;
  const scheduled = scheduledRound(seed, round, options.kinds, options.wishes);
  const { ordering, isStandby, isReplicated } = scheduled;
  const more = [isStandby ? ', two relays' : '', isReplicated ? ', a replica' : ''].join('');
  say(`round ${round}, ordering ${ordering}${more}`);
  const problem = (what: string): void => {
    report.problems.push(`seed ${seed}, round ${round}: ${what}`);
    say(`  PROBLEM ${what}`);
  };
  const isEnded = (): boolean => options.signal?.aborted === true || report.problems.length > 0;
  const context = { ...options, problem };
  const load = new Workload(
    servers.sources.address,
    stream.database,
    options.transactionsPerSecond / (ordering === 'total' ? TOTAL_SHARE : 1),
    1000 * seed + round,
    round % ROUNDS_A_STREAM === 0,
  );
  try {
    for (const [i, fault] of scheduled.faults.entries()) {
      // However short the run is, it has the end that its round is to have.
      if (isOver() && (isEnded() || !fault.kinds.some((kind) => kind === FAILOVER))) continue;
      if (i === scheduled.copyBefore) {
        await stream.copyAll();
        report.copies += 1;
      }
      await runFault(fault, context);
    }
  } finally {
    const { transactions, rolledBack } = await load.stop();
    report.transactions += transactions;
    report.rolledBack += rolledBack;
  }
  await judgeRound(context, scheduled.stopsAtEnd);
  report.rounds += 1;
  if (isStandby) report.standbyRounds += 1;
}

async function endStream(stream: Stream, report: ChaosReport): Promise<void> {
  addCounts(report.topic, stream.oracle.counts);
  report.slowestAnswerMs = Math.max(
    report.slowestAnswerMs,
    ...stream.watches.map(({ slowestAnswerMs }) => slowestAnswerMs),
  );
  await stream.end();
}
