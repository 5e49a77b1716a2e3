import { median, rounded } from '../measure/numbers.ts';
import { table } from '../measure/table.ts';
import type { ApplyFigures } from './apply-run.ts';
import type { ReplicaFigures } from './replica-run.ts';

/** Everything that was measured beside each other. */
export interface ApplyBenchRun {
  readonly workload: string;
  readonly changes: number;
  /** In the topic. */
  readonly messages: number;
  readonly apply: ApplyFigures;
  /** By the number of its workers; empty where it was not asked for. */
  readonly replicas: readonly (ReplicaFigures & { readonly workers: number })[];
}

/** The medians of each workload's runs, a workload a column. */
export function applyTable(runs: readonly ApplyBenchRun[]): string {
  const names = [...new Set(runs.map(({ workload }) => workload))];
  const workers = [...new Set(runs.flatMap(({ replicas }) => replicas.map((replica) => replica.workers)))];
  const figures = [...OF_APPLY, ...workers.flatMap(ofReplica)].map(([title, figure]) => [
    title,
    ...names.map((name) => medianOf(runs.filter(({ workload }) => workload === name).map(figure))),
  ]);
  return table([['medians', ...names], ...figures]);
}

type Figure = (run: ApplyBenchRun) => number | undefined;
type Titled = readonly [title: string, figure: Figure];

const nodeUs = ({ apply }: ApplyBenchRun): number => (apply.cpuSeconds * 1e6) / apply.rows;
const mysqlUs = ({ apply }: ApplyBenchRun): number => (apply.mysqlCpuSeconds * 1e6) / apply.rows;

const OF_APPLY: readonly Titled[] = [
  ['changes', ({ changes }) => changes],
  ['messages', ({ messages }) => messages],
  ['transactions of apply', ({ apply }) => apply.transactions],
  ['rows/s', ({ apply }) => apply.rows / apply.seconds],
  ['apply CPU us a row', nodeUs],
  ['the same with the start of the process', ({ apply, changes }) => (apply.startedCpuSeconds * 1e6) / changes],
  ['mysqld of the target CPU us a row', mysqlUs],
  ['both, CPU us a row', (run) => nodeUs(run) + mysqlUs(run)],
  ['apply peak RSS MB', ({ apply }) => apply.peakRssMb],
];

function ofReplica(workers: number): readonly Titled[] {
  const of = ({ replicas }: ApplyBenchRun): ReplicaFigures | undefined =>
    replicas.find((replica) => replica.workers === workers);
  const us = (run: ApplyBenchRun): number | undefined => {
    const replica = of(run);
    return replica === undefined ? undefined : (replica.cpuSeconds * 1e6) / run.changes;
  };
  return [
    [
      `replica with ${workers}: rows/s`,
      (run) => {
        const replica = of(run);
        return replica === undefined ? undefined : run.changes / replica.seconds;
      },
    ],
    [`replica with ${workers}: mysqld CPU us a row`, us],
    [
      `CPU, apply and its mysqld / replica with ${workers}`,
      (run) => {
        const replicaUs = us(run);
        return replicaUs === undefined ? undefined : (nodeUs(run) + mysqlUs(run)) / replicaUs;
      },
    ],
  ];
}

function medianOf(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return '-';
  const middle = median(known);
  return middle >= 1000 ? Math.round(middle).toLocaleString('en-US') : String(rounded(middle));
}
