import { APPLY_STATES, type ApplyStatus } from '../apply/apply.ts';
import type { Versions } from './health.ts';
import type { Metric, ProcessFacts } from './metric-table.ts';

/** What one scrape of apply shows. */
export interface ApplySnapshot {
  readonly status: ApplyStatus;
  /** ms since 1970 */
  readonly nowMs: number;
  readonly versions: Versions;
  readonly process: ProcessFacts;
}

type Value = (snapshot: ApplySnapshot) => number | undefined;

const one = (type: Metric['type'], name: string, help: string, value: Value): Metric<ApplySnapshot> => ({
  name: `binlog_relay_apply_${name}`,
  type,
  help,
  labelNames: [],
  samples: (snapshot) => [{ labels: {}, value: value(snapshot) }],
});

function each(
  name: string,
  help: string,
  label: string,
  values: (snapshot: ApplySnapshot) => readonly (readonly [string, number | undefined])[],
): Metric<ApplySnapshot> {
  return {
    name: `binlog_relay_apply_${name}`,
    type: 'gauge',
    help,
    labelNames: [label],
    samples: (snapshot) => values(snapshot).map(([text, value]) => ({ labels: { [label]: text }, value })),
  };
}

/** Every metric of apply. What each means to an operator: docs/apply.md. */
export const APPLY_METRICS: readonly Metric<ApplySnapshot>[] = [
  each('state', 'State of apply: 1 for the one it is in.', 'state', ({ status }) =>
    APPLY_STATES.map((state) => [state, Number(status.state === state)]),
  ),
  each('part_ok', 'Whether topic and target can be reached.', 'part', ({ status }) =>
    (['topic', 'target'] as const).map((part) => [part, Number(status.parts[part].ok)]),
  ),
  one(
    'gauge',
    'lanes_blocked',
    'Lanes that do not go on at the moment; /healthz says why.',
    ({ status }) => status.blocked.length,
  ),
  one(
    'gauge',
    'last_lag_seconds',
    'Seconds between the commits of the newest row in the source and in the target.',
    ({ status }) => status.lastLagSeconds,
  ),
  each(
    'lane_sequence',
    'Number of the newest message of the lane that is written, in its epoch.',
    'lane',
    ({ status }) => status.lanes.map(({ lane, sequence }) => [lane, sequence]),
  ),
  each(
    'lane_committed_seconds',
    'When its newest row was committed in the source, seconds since 1970.',
    'lane',
    ({ status }) =>
      status.lanes.map(({ lane, committedMs }) => [lane, committedMs === 0 ? undefined : committedMs / 1000]),
  ),
  one(
    'gauge',
    'complete_seconds',
    'Up to when everything that the source had committed is written, seconds since 1970, as its progress messages say.',
    ({ status: { complete } }) => (complete === undefined ? undefined : complete.asOfMs / 1000),
  ),
  one('counter', 'rows_total', 'Changes of rows that were written.', ({ status }) => status.counters.rows),
  one('counter', 'messages_total', 'Messages that are done.', ({ status }) => status.counters.messages),
  one('counter', 'transactions_total', 'Transactions in the target.', ({ status }) => status.counters.transactions),
  one(
    'counter',
    'repeated_total',
    'Messages that came again and were dropped.',
    ({ status }) => status.counters.repeated,
  ),
  one(
    'counter',
    'torn_total',
    'Messages that the broker has in part only, and that were dropped.',
    ({ status }) => status.counters.torn,
  ),
  one(
    'counter',
    'passed_total',
    'Messages that are not written, as configured.',
    ({ status }) => status.counters.passed,
  ),
  one('counter', 'retries_total', 'Times that a lane had to try again.', ({ status }) => status.counters.retries),
  {
    name: 'binlog_relay_apply_resumes_total',
    type: 'counter',
    help: 'Later runs of the relay in a lane, by whether the lane provably lacked nothing before.',
    labelNames: ['is'],
    samples: ({ status: { counters } }) => [
      { labels: { is: 'proved' }, value: counters.resumesProved },
      { labels: { is: 'undecided' }, value: counters.resumesUndecided },
    ],
  },
  one('counter', 'process_cpu_seconds_total', 'CPU time of the process.', (now) => now.process.cpuSeconds),
  one('gauge', 'process_resident_bytes', 'Memory of the process.', (now) => now.process.residentBytes),
];
