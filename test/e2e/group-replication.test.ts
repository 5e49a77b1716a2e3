/** A group of three servers whose primary changes, by order and by its death: source.hosts names all of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { usesDocker } from '../../dev/servers/container.ts';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { primaryOf, startGroup, untilOnline } from '../support/group.ts';
import { Pipeline } from '../support/pipeline.ts';
import { addressOf, asRoot, uuidOf } from '../support/replicated.ts';

// A container does not reach the other one under the address that both have here.
describe.skipIf(await usesDocker())('a group with one primary', () => {
  let members: readonly MysqlServer[];
  let pipeline: Pipeline;

  beforeAll(async () => {
    members = await startGroup();
    // A group takes no table without a key.
    pipeline = await Pipeline.create({
      mysql: await primaryOf(members),
      visits: 'CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL PRIMARY KEY)',
      // First the one that becomes primary, and dies.
      source: { hosts: [...members.slice(1), ...members.slice(0, 1)].map(addressOf), connectTimeout: '5s' },
    });
  }, 180_000);
  afterAll(async () => {
    await pipeline.remove();
    await Promise.all(members.map((member) => member.remove()));
  });

  it('is copied whole, whoever is the primary', async () => {
    const relay = await pipeline.startRelay();
    await relay.ready();
    const published = (changes: number): Promise<unknown> =>
      relay.until('publishing', ({ counters }) => counters.changesAcknowledged > changes, 60_000);

    const first = pipeline.load(200);
    await published(100);
    const [dead, ...living] = [...members.slice(1), ...members.slice(0, 1)];
    if (dead === undefined) throw new Error('the group has no second member');
    // Whoever writes to the old primary is refused from now on.
    await asRoot(dead, `SELECT group_replication_set_as_primary('${await uuidOf(dead)}')`);
    await first.stop();
    pipeline.mysql = dead;
    const { counters, parts } = await relay.ready();
    expect(parts.source.reason).toBe(`reading the binlog of ${addressOf(dead)}`);
    const next = pipeline.load(200, 2);
    await published(counters.changesAcknowledged + 100);

    await dead.kill9();
    await next.stop();
    for (const member of living) await untilOnline(member, living.length);
    pipeline.mysql = await primaryOf(living);
    const last = pipeline.load(200, 3);
    const health = await relay.ready();
    expect(health.parts.source.reason).not.toContain(addressOf(dead));
    await published(health.counters.changesAcknowledged + 100);
    await last.stop();
    const rows = await pipeline.expectEqual();
    const { changes, messagesRepeated } = pipeline.reader.counts;
    console.log(`a group: ${changes} changes, ${rows} rows compared, ${messagesRepeated} messages sent twice`);
  });
});
