import type { TableState, VerifyState, VerifyStatus } from '../verify/verify.ts';
import type { Versions } from './health.ts';
import type { Metric, ProcessFacts } from './metric-table.ts';

/** What one scrape of verify shows. */
export interface VerifySnapshot {
  readonly status: VerifyStatus;
  /** ms since 1970 */
  readonly nowMs: number;
  readonly versions: Versions;
  readonly process: ProcessFacts;
}

const STATES: readonly VerifyState[] = ['starting', 'running', 'resting', 'stopped', 'failed'];
const TABLE_STATES: readonly TableState[] = [
  'equal',
  'different',
  'undecided',
  'missing',
  'awaited',
  'unsupported',
  'gone',
];

const one = (
  type: Metric['type'],
  name: string,
  help: string,
  value: (snapshot: VerifySnapshot) => number | undefined,
): Metric<VerifySnapshot> => ({
  name: `binlog_relay_verify_${name}`,
  type,
  help,
  labelNames: [],
  samples: (snapshot) => [{ labels: {}, value: value(snapshot) }],
});

const each = (
  name: string,
  help: string,
  label: string,
  values: (snapshot: VerifySnapshot) => readonly (readonly [string, number])[],
): Metric<VerifySnapshot> => ({
  name: `binlog_relay_verify_${name}`,
  type: 'gauge',
  help,
  labelNames: [label],
  samples: (snapshot) => values(snapshot).map(([text, value]) => ({ labels: { [label]: text }, value })),
});

/** Every metric of verify. What each means to an operator: docs/verify.md. */
export const VERIFY_METRICS: readonly Metric<VerifySnapshot>[] = [
  each('state', 'State of verify: 1 for the one it is in.', 'state', ({ status }) =>
    STATES.map((state) => [state, Number(status.state === state)]),
  ),
  each('tables', 'How many tables are so, each as it was compared last.', 'state', ({ status }) =>
    TABLE_STATES.map((state) => [state, status.tables.filter((table) => table.state === state).length]),
  ),
  one('gauge', 'differences', 'Rows that differ, of all tables as they were compared last.', ({ status }) =>
    status.tables.reduce((sum, { different }) => sum + different, 0),
  ),
  one('gauge', 'undecided', 'Rows that could not be compared, or changed during every look, likewise.', ({ status }) =>
    status.tables.reduce((sum, { undecided }) => sum + undecided, 0),
  ),
  each('verified_seconds', 'When the comparison of the table ended last, seconds since 1970.', 'table', ({ status }) =>
    status.tables.map(({ database, table, verifiedAt }) => [`${database}.${table}`, Date.parse(verifiedAt) / 1000]),
  ),
  one('counter', 'passes_total', 'Passes over all tables that have ended.', ({ status }) => status.passes),
  one('counter', 'rows_total', 'Rows that were compared.', ({ status }) => status.rows),
  one('counter', 'process_cpu_seconds_total', 'CPU time of the process.', (now) => now.process.cpuSeconds),
  one('gauge', 'process_resident_bytes', 'Memory of the process.', (now) => now.process.residentBytes),
];
