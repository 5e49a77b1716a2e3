import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../src/admin/metric-table.ts';
import { createMetrics } from '../../../src/admin/metrics.ts';
import { LAG_BOUNDS, RELAY_STATES, type RelayStatus } from '../../../src/relay/relay.ts';
import { parsePrometheus, type Family } from './prometheus-text.ts';
import { brokerAway, failed, idleStatus } from './relay-status.ts';

const versions = { relay: '1.2.3', node: '24.0.0' };
const operations = readFileSync(new URL('../../../docs/monitoring.md', import.meta.url), 'utf8');

const incidents = readFileSync(new URL('../../../docs/incidents.md', import.meta.url), 'utf8');
const OWN = { cpuSeconds: 1, residentBytes: 1, startSeconds: 1 };

async function scrape(status: RelayStatus, nowMs = 0): Promise<(name: string) => Record<string, number>> {
  const families = parsePrometheus(await createMetrics().render({ status, nowMs, versions }));
  return samplesOf(families);
}

function samplesOf(families: ReadonlyMap<string, Family>): (name: string) => Record<string, number> {
  return (name) => Object.fromEntries(families.get(name)?.samples ?? [['missing', Number.NaN]]);
}

describe('the metrics', () => {
  it('are legal and complete', async () => {
    const families = parsePrometheus(await createMetrics().render({ status: idleStatus, nowMs: 0, versions }));
    expect([...families.values()].map(({ name, type, help }) => ({ name, type, help }))).toEqual(
      METRICS.map(({ name, type, help }) => ({ name, type, help })),
    );
    const absent = [
      'binlog_relay_sink_failing_since_timestamp_seconds',
      'binlog_relay_copying_rows',
      'binlog_relay_copying_estimated_rows',
    ];
    for (const { name, samples } of families.values()) expect(samples.size > 0, name).toBe(!absent.includes(name));
  });

  it('copy every counter of the status', async () => {
    const samples = await scrape(idleStatus);
    expect(samples('binlog_relay_changes_total')).toEqual({
      '{kind="insert"}': 104,
      '{kind="update"}': 105,
      '{kind="delete"}': 106,
    });
    expect(samples('binlog_relay_events_read_total')).toEqual({ '': 101 });
    expect(samples('binlog_relay_read_bytes_total')).toEqual({ '': 102 });
    expect(samples('binlog_relay_transactions_read_total')).toEqual({ '': 103 });
    expect(samples('binlog_relay_messages_acknowledged_total')).toEqual({ '': 107 });
    expect(samples('binlog_relay_changes_acknowledged_total')).toEqual({ '': 108 });
    expect(samples('binlog_relay_acknowledged_bytes_total')).toEqual({ '': 109 });
    expect(samples('binlog_relay_send_retries_total')).toEqual({ '': 110 });
    expect(samples('binlog_relay_source_reconnects_total')).toEqual({ '': 111 });
    expect(samples('binlog_relay_checkpoints_stored_total')).toEqual({ '': 112 });
    expect(samples('binlog_relay_ddl_statements_total')).toEqual({ '': 113 });
    expect(samples('binlog_relay_rows_copied_total')).toEqual({ '': 123 });
  });

  it('show how long messages took, in buckets that hold all below them', async () => {
    const found = (await scrape(idleStatus))('binlog_relay_commit_to_acknowledged_seconds');
    expect(found).toMatchObject({
      '_bucket{le="0.005"}': 1,
      '_bucket{le="0.01"}': 3,
      '_bucket{le="0.025"}': 6,
      '_bucket{le="3600"}': 136,
      '_bucket{le="+Inf"}': 153,
      _sum: 4.5,
      _count: 153,
    });
    expect(Object.keys(found)).toHaveLength(LAG_BOUNDS.length + 3);
    expect(Object.keys(found)[0]).toBe('_bucket{le="0.005"}');
  });

  it('count changes by table, and those of all other tables as one', async () => {
    expect((await scrape(idleStatus))('binlog_relay_table_changes_total')).toEqual({
      '{database="shop",table="orders",kind="insert"}': 3,
      '{database="shop",table="orders",kind="update"}': 2,
      '{database="",table="other",kind="delete"}': 1,
      '{database="",table="other",kind="copied"}': 9,
    });
  });

  it('take names of tables as they are', async () => {
    const names = { database: 'a"b\\c', table: 'd\ne', inserted: 1, updated: 0, deleted: 0, copied: 0 };
    const found = (await scrape({ ...idleStatus, tableChanges: [names] }))('binlog_relay_table_changes_total');
    expect(Object.keys(found)).toEqual([String.raw`{database="a\"b\\c",table="d\ne",kind="insert"}`]);
  });

  it('count what was tried again by part and code', async () => {
    expect((await scrape(idleStatus))('binlog_relay_retries_total')).toEqual({ '{part="sink",code="SINK_BUSY"}': 4 });
  });

  it('show a broker that is away', async () => {
    const samples = await scrape(brokerAway, 1_090_000);
    expect(samples('binlog_relay_lag_seconds')).toEqual({ '': 90 });
    expect(samples('binlog_relay_held_bytes')).toEqual({ '': 67_200_000 });
    expect(samples('binlog_relay_held_bytes_limit')).toEqual({ '': 67_108_864 });
    expect(samples('binlog_relay_source_paused')).toEqual({ '': 1 });
    expect(samples('binlog_relay_lanes_busy')).toEqual({ '': 8 });
    expect(samples('binlog_relay_open_xa_branches')).toEqual({ '': 1 });
    expect(samples('binlog_relay_part_ok')).toEqual({
      '{part="source"}': 1,
      '{part="sink"}': 0,
      '{part="checkpoint"}': 1,
    });
    expect(samples('binlog_relay_progress')).toEqual({
      '{progress="idle"}': 0,
      '{progress="catching-up"}': 0,
      '{progress="stuck"}': 1,
      '{progress="unknown"}': 0,
    });
  });

  it('show the runway: +Inf when nothing is purged, nothing when it is not known', async () => {
    const shown = async (seconds: number | undefined): Promise<unknown> => {
      const runway = { ...idleStatus.runway, seconds };
      const samples = await scrape({ ...idleStatus, runway });
      return samples('binlog_relay_source_runway_seconds');
    };
    expect(await shown(2_592_000)).toEqual({ '': 2_592_000 });
    expect(await shown(Infinity)).toEqual({ '': Infinity });
    expect(await shown(undefined)).toEqual({});
  });

  it('show how far copies are', async () => {
    const samples = await scrape({
      ...idleStatus,
      copies: [
        {
          id: '1',
          patterns: ['shop.*'],
          requestedAt: '2026-01-02T03:04:05.000Z',
          isPaused: false,
          tables: [
            { database: 'shop', table: 'a', state: 'copied', rows: 9 },
            { database: 'shop', table: 'b', state: 'copying', rows: 7 },
          ],
        },
      ],
      copying: {
        copy: '1',
        table: 'shop.b',
        rows: 7,
        estimatedRows: 70,
        rowsPerSecond: 1,
        expectedEndMs: undefined,
        waitsFor: undefined,
      },
    });
    expect(samples('binlog_relay_copy_tables')).toEqual({
      '{state="waiting"}': 0,
      '{state="copying"}': 1,
      '{state="copied"}': 1,
      '{state="gone"}': 0,
      '{state="failed"}': 0,
    });
    expect(samples('binlog_relay_copying_rows')).toEqual({ '': 7 });
    expect(samples('binlog_relay_copying_estimated_rows')).toEqual({ '': 70 });
  });

  it('mark exactly one state', async () => {
    const states = (await scrape(failed))('binlog_relay_state');
    expect(Object.keys(states)).toEqual(RELAY_STATES.map((state) => `{state="${state}"}`));
    expect(Object.entries(states).filter(([, value]) => value !== 0)).toEqual([['{state="failed"}', 1]]);
  });

  it('leave out a lag that is not known, and bring it back', async () => {
    const metrics = createMetrics();
    const lag = async (status: RelayStatus): Promise<unknown> =>
      samplesOf(parsePrometheus(await metrics.render({ status, nowMs: 1_090_000, versions })))(
        'binlog_relay_lag_seconds',
      );
    expect(await lag(brokerAway)).toEqual({ '': 90 });
    expect(await lag({ ...idleStatus, progress: 'unknown' })).toEqual({});
    expect(await lag(idleStatus)).toEqual({ '': 0 });
  });

  it('count from the snapshot, not from scrape to scrape', async () => {
    const metrics = createMetrics();
    await metrics.render({ status: idleStatus, nowMs: 0, versions });
    const again = samplesOf(parsePrometheus(await metrics.render({ status: idleStatus, nowMs: 0, versions })));
    expect(again('binlog_relay_events_read_total')).toEqual({ '': 101 });
    expect(again('binlog_relay_changes_total')['{kind="insert"}']).toBe(104);
  });

  it('keep the start of the process still: a jitter would look like a restart', async () => {
    expect((await scrape(idleStatus, 1))('process_start_time_seconds')).toEqual(
      (await scrape(idleStatus, 99_999))('process_start_time_seconds'),
    );
  });
});

describe('docs/monitoring.md', () => {
  it.each(
    METRICS.map(
      ({ name, type, labelNames }) => [name, type, labelNames.map((label) => `{${label}}`).join('')] as const,
    ),
  )('has a row for %s with its type', (name, type) => {
    expect(operations).toMatch(new RegExp(`^\\| \`${name}(\\{[a-z, ]+\\})?\` *\\| ${type} *\\| \\S`, 'm'));
  });

  it('names no state, progress or part that does not exist in its alerts, and each alert has its place in incidents.md', () => {
    const rules = [...operations.matchAll(/^ {6}- alert: (\w+)\n {8}expr: (.+)$/gm)];
    expect(rules.length).toBeGreaterThan(9);
    const values = new Set(
      METRICS.flatMap(({ samples }) => samples({ status: idleStatus, nowMs: 0, versions, process: OWN })).flatMap(
        ({ labels }) => Object.values(labels),
      ),
    );
    for (const [, alert = '', expr = ''] of rules) {
      const asked = [...expr.matchAll(/(?:state|progress|part)=~?"([^"]+)"/g)].flatMap(([, text = '']) =>
        text.split('|'),
      );
      expect(
        asked.filter((value) => !values.has(value)),
        alert,
      ).toEqual([]);
      expect(incidents, alert).toMatch(new RegExp(`^## ${alert}$`, 'm'));
    }
  });

  it('names no metric that does not exist', () => {
    const known = new Set(METRICS.map(({ name }) => name));
    const named = new Set(
      operations
        .match(/\b(binlog_relay|process)_[a-z_]*[a-z]\b/g)
        ?.map((name) => name.replace(/_seconds_(bucket|sum|count)$/, '_seconds')),
    );
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  });
});
