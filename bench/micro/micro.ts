/** Measures the cases of one file of this folder. */
import { programArguments, report } from '../measure/program.ts';
import { measure, type MicroResult } from './harness.ts';
import type { MicroCase } from './micro-case.ts';

export interface MicroArguments {
  readonly file: string;
  readonly rounds: number;
}

export interface MicroReport {
  readonly results: readonly MicroResult[];
}

const { file, rounds } = programArguments<MicroArguments>();
const { cases } = (await import(`./${file}.js`)) as { readonly cases: readonly MicroCase[] };
report({ results: cases.map((micro) => measure(micro, rounds)) } satisfies MicroReport);
