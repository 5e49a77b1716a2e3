import { runProgram } from '../measure/program.ts';
import type { MicroResult } from './harness.ts';
import type { MicroArguments, MicroReport } from './micro.ts';

/**
 * One question a file, each measured in a process of its own: what one file's types do to the optimizer is nothing to
 * the next.
 */
export const MICRO_FILES = [
  'columns',
  'row-writer',
  'checksum',
  'packer',
  'low-water-mark',
  'gtid-set',
  'json',
] as const;

export async function measureMicro(file: string, rounds: number): Promise<readonly MicroResult[]> {
  const { results } = await runProgram<MicroReport>('micro/micro', { file, rounds } satisfies MicroArguments);
  return results;
}
