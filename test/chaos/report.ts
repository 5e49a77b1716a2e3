/** What a run has found, as a table for people and as JSON. */
import { noCounts, type TopicCounts } from './topic-oracle.ts';

export interface KindReport {
  times: number;
  /** Of them, with another fault at the same time. */
  paired: number;
  /** From the end of the fault until relay and apply were healthy again, longest, ms. */
  longestRecoveryMs: number;
  /** Of two relays the other one has taken over: how often, and how long after the fault, longest, ms. */
  takeOvers: number;
  longestTakeOverMs: number;
  /** From the fault until health told of it, longest, ms; by `relay source`. */
  readonly longestTellingMs: Record<string, number>;
}

export interface ChaosReport {
  seed: number;
  minutes: number;
  rounds: number;
  /** Of them, with a relay that stands by. */
  standbyRounds: number;
  copies: number;
  transactions: number;
  rolledBack: number;
  /** Changes that the binlog has. */
  committedChanges: number;
  /** At the ends of rounds, compared in source and copy. */
  rowsCompared: number;
  topic: TopicCounts;
  faults: Record<string, KindReport>;
  /** Kinds that cannot be done on this machine, and why. */
  readonly skipped: Record<string, string>;
  /** Ends that nobody asked for, and that their fault allows: how often, by who and code. */
  readonly ownEnds: Record<string, number>;
  peakResidentBytes: Record<'relay' | 'apply', number>;
  peakHeldBytes: number;
  /** How late the run itself was, and how slowly health answered, at most, ms. */
  longestDelayMs: number;
  slowestAnswerMs: number;
  readonly problems: string[];
  /** Where logs and configurations are; only after problems. */
  folder: string | undefined;
}

export function emptyReport(seed: number): ChaosReport {
  return {
    seed,
    minutes: 0,
    rounds: 0,
    standbyRounds: 0,
    copies: 0,
    transactions: 0,
    rolledBack: 0,
    committedChanges: 0,
    rowsCompared: 0,
    topic: noCounts(),
    faults: {},
    skipped: {},
    ownEnds: {},
    peakResidentBytes: { relay: 0, apply: 0 },
    peakHeldBytes: 0,
    longestDelayMs: 0,
    slowestAnswerMs: 0,
    problems: [],
    folder: undefined,
  };
}

export function kindOf(report: ChaosReport, kind: string): KindReport {
  return (report.faults[kind] ??= {
    times: 0,
    paired: 0,
    longestRecoveryMs: 0,
    takeOvers: 0,
    longestTakeOverMs: 0,
    longestTellingMs: {},
  });
}

export function addCounts(sum: TopicCounts, more: TopicCounts): void {
  for (const key of Object.keys(sum) as (keyof TopicCounts)[]) sum[key] += more[key];
}

export function asTable(report: ChaosReport): string {
  const { topic, peakResidentBytes } = report;
  const facts: readonly (readonly [string, string | number])[] = [
    ['seed', report.seed],
    ['minutes', report.minutes.toFixed(1)],
    ['rounds', `${report.rounds}, of them ${report.standbyRounds} with a relay that stands by`],
    ['faults', Object.values(report.faults).reduce((sum, { times }) => sum + times, 0)],
    ['copies of all tables', report.copies],
    ['transactions', `${report.transactions}, and ${report.rolledBack} rolled back`],
    ['changes in the binlog', report.committedChanges],
    ['changes in the topic', `${topic.changes} in ${topic.messages} messages; ${topic.rowsCopied} rows copied`],
    ['came again', `${topic.changesRepeated} changes, ${topic.messagesRepeated} messages`],
    ['late', `${topic.late} messages of a lower epoch behind a higher one`],
    ['lost', topic.lost],
    ['reordered', topic.reordered],
    ['rows compared', report.rowsCompared],
    ['peak memory', `relay ${mib(peakResidentBytes.relay)}, apply ${mib(peakResidentBytes.apply)} MiB`],
    ['peak held', `${mib(report.peakHeldBytes)} MiB`],
    ['this machine', `${ms(report.longestDelayMs)} late at most; health answered within ${ms(report.slowestAnswerMs)}`],
  ];
  const kinds = Object.entries(report.faults)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([kind, { times, paired, longestRecoveryMs, takeOvers, longestTakeOverMs, longestTellingMs }]) => {
      const told = Object.entries(longestTellingMs).map(([what, n]) => `${what} ${ms(n)}`);
      const taken = takeOvers === 0 ? '' : `${takeOvers} in ${ms(longestTakeOverMs)}`;
      return `  ${kind.padEnd(24)}${String(times).padStart(4)}${String(paired).padStart(8)}${ms(longestRecoveryMs).padStart(10)}${taken.padStart(16)}   ${told.join(', ')}`;
    });
  return [
    ...facts.map(([name, value]) => `${name.padEnd(24)}${value}`),
    `  ${'fault'.padEnd(23)}times  paired  recovery      taken over   told after`,
    ...kinds,
    ...Object.entries(report.skipped).map(
      ([kind, why]) => `${kind in report.faults ? 'not always' : 'not'} done: ${kind}: ${why}`,
    ),
    ...Object.entries(report.ownEnds).map(([what, n]) => `ended by itself, as it must: ${what}, ${n} times`),
    ...report.problems.map((problem) => `PROBLEM ${problem}`),
    ...(report.folder === undefined ? [] : [`logs: ${report.folder}`]),
  ].join('\n');
}

const mib = (bytes: number): string => (bytes / (1 << 20)).toFixed(1);
const ms = (n: number): string => (n < 1000 ? `${Math.round(n)} ms` : `${(n / 1000).toFixed(1)} s`);
