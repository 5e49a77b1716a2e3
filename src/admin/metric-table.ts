import type { TableCopyState } from '../checkpoint/checkpoint.ts';
import { LAG_BOUNDS, PART_NAMES, RELAY_STATES, type RelayStatus } from '../relay/relay.ts';
import { tablesIn } from './copies.ts';
import { lagSeconds, type Versions } from './health.ts';

/** What one scrape shows. */
export interface Snapshot {
  readonly status: RelayStatus;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly versions: Versions;
  readonly process: ProcessFacts;
}

export interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Seconds since 1970. */
  readonly startSeconds: number;
}

/** One value with its labels; without a value it is left out of the answer. */
export interface Sample {
  /** Of a histogram: what follows its name. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | undefined;
}

export interface Metric<S = Snapshot> {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly samples: (snapshot: S) => readonly Sample[];
}

const PROGRESS: readonly RelayStatus['progress'][] = ['idle', 'catching-up', 'stuck', 'unknown'];

const NOTICES: readonly RelayStatus['notices'][number]['about'][] = ['differs', 'skipped'];

const TABLE_STATES: readonly TableCopyState[] = ['waiting', 'copying', 'copied', 'gone', 'failed'];

/** Every metric. What each means to an operator: docs/monitoring.md. */
export const METRICS: readonly Metric[] = [
  gauges('binlog_relay_state', 'State of the relay: 1 for the one it is in.', 'state', ({ status }) =>
    RELAY_STATES.map((state) => [state, Number(status.state === state)]),
  ),
  gauges('binlog_relay_progress', 'Idle, or behind and how: 1 for what holds.', 'progress', ({ status }) =>
    PROGRESS.map((progress) => [progress, Number(status.progress === progress)]),
  ),
  gauges('binlog_relay_part_ok', 'Whether a part of the relay works.', 'part', ({ status }) =>
    PART_NAMES.map((part) => [part, Number(status.parts[part].ok)]),
  ),
  gauge('binlog_relay_lag_seconds', 'Age of the oldest commit that is not acknowledged; 0 when idle.', (now) =>
    lagSeconds(now.status, now.nowMs),
  ),
  gauge(
    'binlog_relay_last_lag_seconds',
    'Seconds between commit and acknowledgement of the newest acknowledged message.',
    ({ status }) => status.lastLagSeconds,
  ),
  {
    name: 'binlog_relay_commit_to_acknowledged_seconds',
    type: 'histogram',
    help: 'Seconds between commit and acknowledgement, of each message with changes of the stream.',
    labelNames: [],
    samples: ({ status }) => lagSamples(status.lag),
  },
  gauge(
    'binlog_relay_last_acknowledged_timestamp_seconds',
    'When the broker last acknowledged a message.',
    ({ status }) => inSeconds(status.lastAcknowledgedMs),
  ),
  gauge(
    'binlog_relay_sink_failing_since_timestamp_seconds',
    'Since when no send succeeds; absent while they do.',
    ({ status }) => inSeconds(status.sinkFailingSinceMs),
  ),
  gauge('binlog_relay_checkpoint_stored_timestamp_seconds', 'When the checkpoint was last stored.', ({ status }) =>
    inSeconds(status.checkpointStoredMs),
  ),
  gauge(
    'binlog_relay_source_runway_seconds',
    'Until the server purges binlog that a restart would need; +Inf when never; absent when not known.',
    ({ status }) => status.runway.seconds,
  ),
  gauge('binlog_relay_held_bytes', 'Bytes gathered or in flight.', ({ status }) => status.heldBytes),
  gauge('binlog_relay_held_bytes_limit', 'Held bytes at which reading pauses.', ({ status }) => status.heldBytesLimit),
  gauge('binlog_relay_tables', 'Versions of published tables that are remembered.', ({ status }) => status.tables),
  gauge('binlog_relay_tables_bytes', 'Memory that they take, about.', ({ status }) => status.tablesBytes),
  gauge('binlog_relay_source_paused', '1 while reading pauses because the limit is reached.', ({ status }) =>
    Number(status.sourcePaused),
  ),
  gauge('binlog_relay_lanes', 'Lanes.', ({ status }) => status.lanes),
  gauge('binlog_relay_lanes_busy', 'Lanes with a request in flight.', ({ status }) => status.lanesBusy),
  gauge(
    'binlog_relay_open_xa_branches',
    'XA branches that are prepared, and neither committed nor rolled back.',
    ({ status }) => status.openXaBranches.length,
  ),
  gauges('binlog_relay_notices', 'Notices that nobody has acknowledged.', 'about', ({ status }) =>
    NOTICES.map((about) => [about, status.notices.filter((notice) => notice.about === about).length]),
  ),
  gauges(
    'binlog_relay_copy_tables',
    'Tables of copies that go on, and of the newest that have ended, by how far they are.',
    'state',
    ({ status }) => TABLE_STATES.map((state) => [state, tablesIn(state, status.copies)]),
  ),
  gauge(
    'binlog_relay_copying_rows',
    'Rows of the table that is being copied that are acknowledged; absent while none is.',
    ({ status }) => status.copying?.rows,
  ),
  gauge(
    'binlog_relay_copying_estimated_rows',
    'Rows that the server thinks this table has.',
    ({ status }) => status.copying?.estimatedRows,
  ),
  gauge('binlog_relay_epoch', 'Run counter of the checkpoint.', ({ status }) => status.epoch),

  {
    name: 'binlog_relay_changes_total',
    type: 'counter',
    help: 'Changes read from the binlog, by kind.',
    labelNames: ['kind'],
    samples: ({ status: { counters } }) => [
      { labels: { kind: 'insert' }, value: counters.changesInserted },
      { labels: { kind: 'update' }, value: counters.changesUpdated },
      { labels: { kind: 'delete' }, value: counters.changesDeleted },
    ],
  },
  {
    name: 'binlog_relay_marked_changes_total',
    type: 'counter',
    help: 'Changes published otherwise than as whole rows, by mark.',
    labelNames: ['mark'],
    samples: ({ status: { counters } }) => [
      { labels: { mark: 'oversize' }, value: counters.changesOversize },
      { labels: { mark: 'partial' }, value: counters.changesPartial },
      { labels: { mark: 'invalidText' }, value: counters.changesInvalidText },
    ],
  },
  counter('binlog_relay_events_read_total', 'Binlog events read.', ({ status }) => status.counters.eventsRead),
  counter('binlog_relay_read_bytes_total', 'Bytes of binlog events read.', ({ status }) => status.counters.bytesRead),
  counter(
    'binlog_relay_transactions_read_total',
    'Transactions read.',
    ({ status }) => status.counters.transactionsRead,
  ),
  counter('binlog_relay_ddl_statements_total', 'DDL statements read.', ({ status }) => status.counters.ddlStatements),
  counter(
    'binlog_relay_transactions_skipped_total',
    'Transactions skipped because an operator asked for it.',
    ({ status }) => status.counters.transactionsSkipped,
  ),
  counter(
    'binlog_relay_messages_acknowledged_total',
    'Messages that the broker acknowledged.',
    ({ status }) => status.counters.messagesAcknowledged,
  ),
  counter(
    'binlog_relay_changes_acknowledged_total',
    'Changes in acknowledged messages.',
    ({ status }) => status.counters.changesAcknowledged,
  ),
  counter(
    'binlog_relay_acknowledged_bytes_total',
    'Bytes of acknowledged messages.',
    ({ status }) => status.counters.bytesAcknowledged,
  ),
  counter(
    'binlog_relay_rows_copied_total',
    'Rows of copies in acknowledged messages.',
    ({ status }) => status.counters.rowsCopied,
  ),
  counter(
    'binlog_relay_progress_messages_acknowledged_total',
    'Messages that say how far a lane is, acknowledged; not among the others.',
    ({ status }) => status.counters.progressAcknowledged,
  ),
  {
    name: 'binlog_relay_table_changes_total',
    type: 'counter',
    help: 'Changes in acknowledged messages, by table and kind; copied rows of copies among them. The tables of admin.maxTables, and all others as one.',
    labelNames: ['database', 'table', 'kind'],
    samples: ({ status }) => status.tableChanges.flatMap(changesOf),
  },
  {
    name: 'binlog_relay_retries_total',
    type: 'counter',
    help: 'What failed and was tried again, by part and code of the error.',
    labelNames: ['part', 'code'],
    samples: ({ status }) => status.failures.map(({ part, code, count }) => ({ labels: { part, code }, value: count })),
  },
  counter('binlog_relay_send_retries_total', 'Sends tried again.', ({ status }) => status.counters.sendRetries),
  counter(
    'binlog_relay_source_reconnects_total',
    'Sessions opened again.',
    ({ status }) => status.counters.sourceReconnects,
  ),
  counter(
    'binlog_relay_checkpoints_stored_total',
    'Checkpoints stored.',
    ({ status }) => status.counters.checkpointsStored,
  ),

  {
    name: 'binlog_relay_info',
    type: 'gauge',
    help: 'Versions, as labels; always 1.',
    labelNames: ['version', 'node'],
    samples: ({ versions }) => [{ labels: { version: versions.relay, node: versions.node }, value: 1 }],
  },
  counter('process_cpu_seconds_total', 'CPU time of the process, user and system.', (now) => now.process.cpuSeconds),
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', (now) => now.process.residentBytes),
  gauge('process_start_time_seconds', 'Start of the process, seconds since 1970.', (now) => now.process.startSeconds),
];

function gauge(name: string, help: string, read: (snapshot: Snapshot) => number | undefined): Metric {
  return { name, type: 'gauge', help, labelNames: [], samples: (snapshot) => [{ labels: {}, value: read(snapshot) }] };
}

function counter(name: string, help: string, read: (snapshot: Snapshot) => number): Metric {
  return {
    name,
    type: 'counter',
    help,
    labelNames: [],
    samples: (snapshot) => [{ labels: {}, value: read(snapshot) }],
  };
}

/** One series for each value of the label. */
function gauges(
  name: string,
  help: string,
  label: string,
  read: (snapshot: Snapshot) => readonly (readonly [string, number])[],
): Metric {
  const samples = (snapshot: Snapshot): readonly Sample[] =>
    read(snapshot).map(([of, value]) => ({ labels: { [label]: of }, value }));
  return { name, type: 'gauge', help, labelNames: [label], samples };
}

/** Buckets of Prometheus hold what is up to their bound, all below them included. */
function lagSamples({ counts, sumSeconds }: RelayStatus['lag']): readonly Sample[] {
  let sum = 0;
  const upTo = counts.map((count) => (sum += count));
  const buckets = [...LAG_BOUNDS, '+Inf'].map((bound, n): Sample => ({
    suffix: '_bucket',
    labels: { le: String(bound) },
    value: upTo[n],
  }));
  return [...buckets, { suffix: '_sum', labels: {}, value: sumSeconds }, { suffix: '_count', labels: {}, value: sum }];
}

/** No database has an empty name. */
const changesOf = ({
  database = '',
  table = 'other',
  inserted,
  updated,
  deleted,
  copied,
}: RelayStatus['tableChanges'][number]): readonly Sample[] =>
  Object.entries({ insert: inserted, update: updated, delete: deleted, copied })
    .filter(([, value]) => value > 0)
    .map(([kind, value]) => ({ labels: { database, table, kind }, value }));

const inSeconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);
