/**
 * The floor of reading live: what is committed comes through the relay's own dump connection, in as many reads as it
 * comes in, and is dropped.
 */
import { programArguments, report } from '../measure/program.ts';
import { Stopwatch, type Usage } from '../measure/stopwatch.ts';
import { openDump, type DumpAddress } from './dump.ts';

export interface FollowBinlogArguments {
  readonly mysql: DumpAddress;
  /** Enough for what the binlog holds already. Not counted. */
  readonly warmUpMs: number;
  /** How long is measured then. */
  readonly forMs: number;
}

const { mysql, warmUpMs, forMs } = programArguments<FollowBinlogArguments>();
await openDump(mysql, { begin: () => undefined, event: () => undefined, endOfRead: () => undefined });
setTimeout(() => {
  const stopwatch = new Stopwatch();
  setTimeout(() => {
    report(stopwatch.read() satisfies Usage);
  }, forMs);
}, warmUpMs);
