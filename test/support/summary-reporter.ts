import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run with what was skipped and why, a line for each reason, and one plain line, `12 passed, 0 failed`, for
 * machines: .ci/run adds these up.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.ok() && test.result().state === 'passed').length;
    const failed = tests.filter((test) => !test.ok()).length;
    // A file that could not be loaded, a hook that failed and an error outside of any test have no test to count.
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const errors = suites.filter((suite) => suite.errors().length > 0).length + unhandledErrors.length;
    const reasons = new Map<string, number>();
    for (const test of tests) {
      const result = test.result();
      if (result.state !== 'skipped' || result.note === undefined) continue;
      reasons.set(result.note, (reasons.get(result.note) ?? 0) + 1);
    }
    for (const [reason, count] of reasons) process.stdout.write(`${count} tests skipped: ${reason}\n`);
    process.stdout.write(`${passed} passed, ${failed + errors} failed\n`);
  }
}
