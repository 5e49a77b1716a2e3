import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/support/summary-reporter.ts';

// `npm run test:unit` runs what needs no server; `npm run test:integration` brings real servers first
// (test/support/global-setup.ts), and then a part of it again with a newer RocketMQ.
const onServers = {
  fileParallelism: false,
  // Real servers on a busy machine miss a deadline now and then. What passed only the second time is named at
  // the end of the run (UNSTEADY), with its first error: look at it as at a failure.
  retry: 1,
  testTimeout: 120_000,
  // The default, a second, is what a busy machine takes for nothing.
  expect: { poll: { timeout: 20_000 } },
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    reporters: ['default', new SummaryReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,contract,property}/**/*.test.ts'],
          // A machine with much to do is no failure.
          testTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/{integration,e2e}/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          ...onServers,
        },
      },
      {
        test: {
          name: 'rocketmq-5.4',
          // What speaks with the broker, and the whole way once.
          include: ['test/integration/sink/rocketmq.test.ts', 'test/e2e/shop.test.ts'],
          globalSetup: ['test/support/global-setup-rocketmq-5.4.ts'],
          // Of servers that a test starts for itself.
          env: { ROCKETMQ: '5.4' },
          ...onServers,
        },
      },
    ],
  },
});
