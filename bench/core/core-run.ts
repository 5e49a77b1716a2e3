import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { tableFilter } from '../../src/change/table-filter.ts';
import type { FormatName } from '../../src/format/format.ts';
import { FORMATS } from '../../src/format/formats.ts';
import { Relay } from '../../src/relay/run/run.ts';
import { relayDefaults } from '../../test/support/relay-defaults.ts';
import { Stopwatch, type Usage } from '../measure/stopwatch.ts';
import type { CapturedBinlog } from './captured.ts';
import { LateSink } from './late-sink.ts';
import { MemorySource } from './memory-source.ts';

export interface CoreRun extends Usage {
  readonly messages: number;
  readonly changes: number;
  readonly bytes: number;
}

/**
 * The relay with its default settings between a binlog in memory and a broker that costs nothing, until `changes` are
 * acknowledged.
 */
export async function runCore(
  binlog: CapturedBinlog,
  changes: number,
  format: FormatName = 'canal-json',
): Promise<CoreRun> {
  const stop = new AbortController();
  let stopwatch = new Stopwatch();
  let usage: Usage | undefined;
  const sink = new LateSink(FORMATS[format].isOneRow, () => {
    if (sink.counts.changes < changes || usage !== undefined) return;
    usage = stopwatch.read();
    stop.abort();
  });
  const source = new MemorySource(
    binlog,
    () => (stopwatch = new Stopwatch()),
    () => sink.turn(),
  );
  const relay = new Relay({
    ...relayDefaults(),
    format: FORMATS[format],
    source,
    sink,
    filter: tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [] }),
    // How full messages get shall depend on the broker alone.
    heldBytes: 64 << 20,
    stopTimeoutMs: 0,
    clock: systemClock,
    random: () => 0.5,
    // The loads begin with DDL, which is announced.
    logger: createLogger({ level: 'error', format: 'json' }),
  });
  await relay.run(stop.signal);
  if (usage === undefined) throw new Error(`the relay ended after ${sink.counts.changes} changes of ${changes}`);
  return { ...usage, ...sink.counts };
}
