/**
 * Two minutes of faults on the whole way, always the same ones: of a relay with a checkpoint in a file, and a source
 * that fails over (two relays: standby.test.ts). For hours, and with other seeds:
 * `npm run chaos -- --minutes 60 --seed 7`.
 */
import { expect, it } from 'vitest';
import { asTable } from '../chaos/report.ts';
import { runChaos } from '../chaos/run.ts';

const SEED = 18;
const MINUTES = 2;
/** Servers, and the round that has begun with its end. */
const PATIENCE_MS = (MINUTES + 7) * 60_000;

it('stays exact under faults of all kinds', { timeout: PATIENCE_MS }, async () => {
  const report = await runChaos({ seed: SEED, minutes: MINUTES, transactionsPerSecond: 60, say: () => undefined });
  console.log(asTable(report));
  expect(report.problems, report.folder).toEqual([]);
  expect(report.rounds).toBeGreaterThan(0);
  expect(report.topic.changes).toBeGreaterThan(0);
  expect([report.topic.lost, report.topic.reordered]).toEqual([0, 0]);
});
