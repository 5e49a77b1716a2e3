import { writtenLoad, type LoadSize } from '../load/loaded-mysql.ts';
import type { Workload } from '../load/workload.ts';
import type { FormatName } from '../../src/format/format.ts';
import { runProgram } from '../measure/program.ts';
import { say } from '../measure/say.ts';
import type { CoreArguments, CoreResult } from './core.ts';

/** Runs the core bench on a load in a process of its own. */
export async function measureCore(
  workload: Workload,
  size: LoadSize,
  runs: number,
  format?: FormatName,
): Promise<CoreResult> {
  const { data, counts } = await writtenLoad(workload, size, say);
  const args: CoreArguments = { data, changes: counts.changes, runs, format };
  return runProgram<CoreResult>('core/core', args, ['--expose-gc']);
}
