import { relative } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';

/**
 * Ends a run with what a reader of its last lines needs: what was skipped and why, what failed and with which error
 * (`FAILED …`), what passed only when it was tried again (`UNSTEADY …`), and one plain line for machines,
 * `12 passed, 0 failed`. .ci/run repeats these lines at its end, and adds the numbers up.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.ok() && test.result().state === 'passed').length;
    const failed = tests.filter((test) => !test.ok());
    const unsteady = tests.filter((test) => test.diagnostic()?.flaky === true);
    // A file that could not be loaded, a hook that failed and an error outside of any test have no test to count.
    const suites = modules
      .flatMap((module) => [module, ...module.children.allSuites()])
      .filter((suite) => suite.errors().length > 0);
    const lines = [
      ...skipReasons(tests),
      ...unsteady.map((test) => `UNSTEADY ${nameOf(test)}: ${messageOf(test.result().errors)}`),
      ...failed.map((test) => `FAILED ${nameOf(test)}: ${messageOf(test.result().errors)}`),
      ...suites.map((suite) => `FAILED ${nameOf(suite)}: ${messageOf(suite.errors())}`),
      ...unhandledErrors.map((error) => `FAILED outside of any test: ${messageOf([error])}`),
      `${passed} passed, ${failed.length + suites.length + unhandledErrors.length} failed`,
    ];
    process.stdout.write(lines.join('\n') + '\n');
  }
}

function skipReasons(tests: readonly TestCase[]): string[] {
  const reasons = new Map<string, number>();
  for (const test of tests) {
    const result = test.result();
    if (result.state !== 'skipped' || result.note === undefined) continue;
    reasons.set(result.note, (reasons.get(result.note) ?? 0) + 1);
  }
  return [...reasons].map(([reason, count]) => `${count} tests skipped: ${reason}`);
}

function nameOf(place: TestCase | TestSuite | TestModule): string {
  if (place.type === 'module') return relative(process.cwd(), place.moduleId);
  return `${relative(process.cwd(), place.module.moduleId)} > ${place.fullName}`;
}

/** The first error, on one line, with the line of the test that it comes from. */
function messageOf(errors: readonly SerializedError[] | undefined): string {
  const error = errors?.[0];
  if (error === undefined) return 'no error was given';
  const message = error.message.replaceAll(/\s+/g, ' ').slice(0, 600);
  const at = error.stacks?.find(({ file }) => file.includes('.test.ts'));
  return at === undefined ? message : `${message} (line ${at.line})`;
}
