/**
 * The relay's core alone, the least noisy figure there is: a binlog from memory through the whole relay to a broker
 * that costs nothing. Between its runs the floor's, over the same bytes in the same process, so that both meet the same
 * machine.
 */
import type { FormatName } from '../../src/format/format.ts';
import { JsonFloor } from '../floors/json-floor.ts';
import { median } from '../measure/numbers.ts';
import { programArguments, report } from '../measure/program.ts';
import { peakRssMb, Stopwatch } from '../measure/stopwatch.ts';
import { readBinlog } from './captured.ts';
import { runCore, type CoreRun } from './core-run.ts';

export interface CoreArguments {
  /** Data folder of a stopped server. */
  readonly data: string;
  readonly changes: number;
  /** Besides the first, which warms up. */
  readonly runs: number;
  readonly format?: FormatName | undefined;
}

export interface CoreResult {
  /** CPU, medians. */
  readonly usPerChange: number;
  readonly floorUsPerChange: number;
  /** Median of the ratios of neighbours. */
  readonly ratio: number;
  readonly messages: number;
  readonly bytes: number;
  /** Of bodies. */
  readonly bytesPerChange: number;
  readonly peakRssMb: number;
}

const { data, changes, runs, format } = programArguments<CoreArguments>();
const binlog = readBinlog(data);
const core: number[] = [];
const floor: number[] = [];
let last: CoreRun | undefined;
for (let n = 0; n <= runs; n += 1) {
  const relayUs = await clean(async () => {
    last = await runCore(binlog, changes, format);
    return last;
  });
  const floorUs = await clean(() => {
    const stopwatch = new Stopwatch();
    new JsonFloor().read(binlog);
    return stopwatch.read();
  });
  if (n === 0) continue;
  core.push(relayUs);
  floor.push(floorUs);
}
report({
  usPerChange: median(core),
  floorUsPerChange: median(floor),
  ratio: median(core.map((us, i) => us / (floor[i] ?? NaN))),
  messages: last?.messages ?? 0,
  bytes: last?.bytes ?? 0,
  bytesPerChange: (last?.bytes ?? 0) / changes,
  peakRssMb: peakRssMb(),
} satisfies CoreResult);

/** CPU time per change of `work`, which finds no garbage of the work before it. */
async function clean(
  work: () => { readonly cpuSeconds: number } | Promise<{ readonly cpuSeconds: number }>,
): Promise<number> {
  globalThis.gc?.();
  const { cpuSeconds } = await work();
  return (cpuSeconds * 1e6) / changes;
}
