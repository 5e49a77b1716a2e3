import type { Code } from '../../base/error-codes.ts';

/** What is wrong, or may be, with one part of the target. */
export interface TargetProblem {
  readonly part: 'ledger' | 'grants' | 'tables';
  /** error: a run would stop at it. warning: it might. */
  readonly level: 'warning' | 'error';
  readonly code: Code;
  readonly message: string;
  /** Empty where the line before says it. */
  readonly remedy: string;
}

/** What was found about one part of the target, before anything is read of the topic. */
export type TargetFinding =
  TargetProblem | { readonly part: TargetProblem['part']; readonly level: 'ok'; readonly message: string };

/** Lines of one kind. */
export const MAX_LINES = 10;

/** The first of them, and a line that says how many more there are: `more` is put behind the number. */
export function bounded(problems: readonly TargetProblem[], more: string): readonly TargetProblem[] {
  const [first] = problems;
  if (first === undefined || problems.length <= MAX_LINES) return problems;
  const rest = { ...first, message: `${problems.length - MAX_LINES} more ${more}`, remedy: '' };
  return [...problems.slice(0, MAX_LINES), rest];
}
