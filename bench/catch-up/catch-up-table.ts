import { median, rounded } from '../measure/numbers.ts';
import { table } from '../measure/table.ts';
import type { RelayFigures } from './relay-run.ts';
import type { CatchUpRun } from './run-once.ts';

/** The medians of each workload's runs, a workload a column. */
export function catchUpTable(runs: readonly CatchUpRun[]): string {
  const names = [...new Set(runs.map(({ workload }) => workload))];
  const figures = FIGURES.map(([title, figure]) => [
    title,
    ...names.map((name) => medianOf(runs.filter(({ workload }) => workload === name).map(figure))),
  ]);
  return table([['medians', ...names], ...figures]);
}

type Figure = (run: CatchUpRun) => number | undefined;

const usPerChange = (cpuSeconds: number | undefined, { counts }: CatchUpRun): number | undefined =>
  cpuSeconds === undefined ? undefined : (cpuSeconds * 1e6) / counts.changes;
const usOf = ({ running }: RelayFigures): number => (running.cpuSeconds * 1e6) / running.changes;
const runningUs = ({ relay }: CatchUpRun): number => usOf(relay);
const partsCpuSeconds = ({ read, rowJson, client }: CatchUpRun): number =>
  read.cpuSeconds + rowJson.cpuSeconds + client.cpuSeconds;
const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b;
const seconds = ({ relay }: CatchUpRun): number => (relay.endedAtMs - relay.startedAtMs) / 1000;
const fromFirst = ({ relay }: CatchUpRun): number => (relay.endedAtMs - relay.firstMessageMs) / 1000;

const FIGURES: readonly (readonly [title: string, figure: Figure])[] = [
  ['changes', ({ counts }) => counts.changes],
  ['transactions', ({ counts }) => counts.transactions],
  ['changes/s from the start', (run) => run.counts.changes / seconds(run)],
  ['changes/s from the first message', (run) => run.counts.changes / fromFirst(run)],
  ['start to first message, s', ({ relay }) => (relay.firstMessageMs - relay.startedAtMs) / 1000],
  ['relay CPU us per change', (run) => runningUs(run)],
  ['the same with TLS to MySQL', ({ encrypted }) => usOf(encrypted)],
  ['the same with the start of the process', (run) => usPerChange(run.relay.cpuSeconds, run)],
  ['broker and proxy CPU us per change', (run) => usPerChange(run.relay.brokerCpuSeconds, run)],
  ['MySQL CPU us per change', (run) => usPerChange(run.relay.mysqlCpuSeconds, run)],
  ['relay peak RSS MB', ({ relay }) => relay.peakRssMb],
  ['messages', ({ relay }) => relay.messages],
  ['MB of bodies', ({ relay }) => relay.bytes / 1e6],
  ['floor: binlog read and dropped, CPU us', (run) => usPerChange(run.read.cpuSeconds, run)],
  ['floor: rows to JSON, CPU us', (run) => usPerChange(run.rowJson.cpuSeconds, run)],
  ['floor: client alone, CPU us', (run) => usPerChange(run.client.cpuSeconds, run)],
  ['floor: prototype, CPU us', (run) => usPerChange(run.wholeWay?.cpuSeconds, run)],
  ['floor: prototype, changes/s', (run) => ratio(run.counts.changes, run.wholeWay?.seconds)],
  ['CPU, relay / prototype', (run) => ratio(runningUs(run), usPerChange(run.wholeWay?.cpuSeconds, run))],
  ['CPU, relay / (read + JSON + client)', (run) => ratio(runningUs(run), usPerChange(partsCpuSeconds(run), run))],
  ['rate, relay from first message / prototype', (run) => ratio(run.wholeWay?.seconds, fromFirst(run))],
];

function medianOf(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return '-';
  const middle = median(known);
  return middle >= 1000 ? Math.round(middle).toLocaleString('en-US') : String(rounded(middle));
}
