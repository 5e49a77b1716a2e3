import { defineConfig } from 'vitest/config';
import { areServersGiven } from './dev/servers/given.ts';
import { SummaryReporter } from './test/support/summary-reporter.ts';

// Each project has a script of its name in package.json: unit needs no server, the others bring real ones first
// (test/support/global-setup.ts).
const onServers = {
  maxWorkers: 1,
  // Real servers on a busy machine miss a deadline now and then. What passed only the second time is named at
  // the end of the run (UNSTEADY), with its first error: look at it as at a failure.
  retry: 1,
  testTimeout: 120_000,
  // The default, a second, is what a busy machine takes for nothing.
  expect: { poll: { timeout: 20_000 } },
  hookTimeout: 120_000,
};

// What runs programs of other makers, which are built by Maven and pip in one place, and take all of the machine.
const ENGINES = [
  'test/e2e/{canal,flink,lake,lake-spark,one-row-formats}.test.ts',
  'test/integration/format/flink-decoders.test.ts',
];

export default defineConfig({
  test: {
    reporters: ['default', new SummaryReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,contract,property}/**/*.test.ts'],
          // The default leaves one core idle, which is half of a small machine. A process of its own for each file,
          // which loads all modules anew, takes twice as long; no test here leaves anything behind.
          maxWorkers: '100%',
          isolate: false,
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
          exclude: ENGINES,
          globalSetup: ['test/support/global-setup.ts'],
          ...onServers,
          // They wait more than they compute. Each worker has servers of its own, unless the environment names them.
          maxWorkers: areServersGiven(process.env) ? 1 : 2,
          // Vitest wants projects of different numbers of workers one after the other.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'engines',
          include: ENGINES,
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
