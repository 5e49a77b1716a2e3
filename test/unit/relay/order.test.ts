/** src/change/row-key.ts: what must keep its order shares a lane. */
import { describe, expect, it } from 'vitest';
import { fixtureEvents } from '../../support/binlog-fixture.ts';
import { TestFlow } from '../../support/flow.ts';

async function lanesByTable(ordering: 'key' | 'table'): Promise<Map<string, Set<string>>> {
  const flow = new TestFlow({ ordering, lanes: 64 });
  flow.read(fixtureEvents('shop.9.7'));
  await flow.drain();
  const lanes = new Map<string, Set<string>>();
  flow.bodies().forEach(({ table }, i) => {
    const used = lanes.get(table) ?? new Set<string>();
    lanes.set(table, used.add(flow.sent[i]?.lane ?? ''));
  });
  return lanes;
}

// Invariant 2: what must keep its order must share a lane.
describe('rows share a lane', () => {
  it('when a collation may hold their keys equal, whatever their bytes: été and ete, Spring and SPRING', async () => {
    const lanes = await lanesByTable('key');
    expect(lanes.get('coupons')?.size).toBe(1);
    expect(lanes.get('visits')?.size).toBe(1);
    // Numbers are equal only to themselves.
    expect(lanes.get('orders')?.size).toBeGreaterThan(2);
  });

  it('when they are of one table, under ordering: table', async () => {
    for (const [table, lanes] of await lanesByTable('table')) expect(lanes.size, table).toBe(1);
  });
});
