import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../src/admin/metric-table.ts';
import { createMetrics } from '../../../src/admin/metrics.ts';
import type { RelayStatus } from '../../../src/relay/relay.ts';
import { parsePrometheus, type Family } from './prometheus-text.ts';
import { brokerAway, failed, idleStatus } from './relay-status.ts';

const versions = { relay: '1.2.3', node: '24.0.0' };
const operations = readFileSync(new URL('../../../docs/monitoring.md', import.meta.url), 'utf8');

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
    expect((await scrape(failed))('binlog_relay_state')).toEqual({
      '{state="starting"}': 0,
      '{state="standby"}': 0,
      '{state="running"}': 0,
      '{state="draining"}': 0,
      '{state="stopped"}': 0,
      '{state="failed"}': 1,
    });
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

  it('names no metric that does not exist', () => {
    const known = new Set(METRICS.map(({ name }) => name));
    const named = new Set(operations.match(/\b(binlog_relay|process)_[a-z_]*[a-z]\b/g));
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  });
});
