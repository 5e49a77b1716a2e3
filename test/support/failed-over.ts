/** What is expected of a relay whose source.hosts are a primary and its replicas, of MySQL and of MariaDB. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { MysqlAddress, MysqlServer } from '../../dev/servers/servers.ts';
import type { Pipeline } from './pipeline.ts';
import { addressOf, asRoot, killReplicated } from './replicated.ts';

export interface Replicated {
  readonly primary: MysqlServer;
  readonly replicas: readonly [MysqlServer, MysqlServer];
  /** Makes the first the primary of the others. */
  readonly promote: (promoted: MysqlAddress, others: readonly MysqlAddress[]) => Promise<void>;
}

/** The primary dies under load, and the relay goes on at a replica, in the same run. */
export async function goesOnAtReplica(pipeline: Pipeline, { primary, replicas, promote }: Replicated): Promise<void> {
  const [promoted, other] = replicas;
  const relay = await pipeline.startRelay();
  expect((await relay.ready()).parts.source.reason).toBe(`reading the binlog of ${addressOf(primary)}`);
  const published = async (more: number): Promise<unknown> => {
    const { counters } = await relay.ready();
    const wanted = counters.changesAcknowledged + more;
    return relay.until('publishing', (health) => health.counters.changesAcknowledged > wanted, 60_000);
  };
  const before = pipeline.load(300);
  await published(500);
  await killReplicated(primary, replicas);
  const stopped = before.stop();
  await promote(promoted, [other]);
  await stopped;
  pipeline.mysql = promoted;
  const after = pipeline.load(300, 2);
  await published(500);
  await after.stop();
  const rows = await pipeline.expectEqual();
  const { parts, epoch } = await relay.ready();
  expect(parts.source.reason).toMatch(new RegExp(`of (${replicas.map(addressOf).join('|')})$`));
  expect(epoch).toBe(1);
  const { changes, messagesRepeated, changesRepeated } = pipeline.reader.counts;
  console.log(
    `failover: ${changes} changes, ${rows} rows compared; sent twice: ${messagesRepeated} messages, ${changesRepeated} changes`,
  );
}

/**
 * The old primary comes back and writes for itself, cut off from the others: a relay that is started then passes it
 * over, and goes on. Returns what its log says of the old one.
 */
export async function refusesOldPrimary(pipeline: Pipeline, old: MysqlServer): Promise<unknown> {
  await old.start();
  await asRoot(old, `INSERT INTO ${pipeline.source}.visits VALUES (NOW(6), 'errant')`);
  expect((await pipeline.relay.stop()).code).toBe(0);
  const again = await pipeline.startRelay();
  await again.ready();
  const refused = (await again.log()).split('\n').find((line) => line.includes('SOURCE_LACKS_PUBLISHED')) ?? '';
  const last = pipeline.load(300, 3);
  await sleep(500);
  await last.stop();
  await pipeline.expectEqual();
  return JSON.parse(refused);
}
