/** As failover.test.ts, of MariaDB: its GTID positions name the last transaction alone, and who wrote it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usesDocker } from '../../dev/servers/container.ts';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { Pipeline } from '../support/pipeline.ts';
import { startMariadbReplica } from '../support/replica.ts';
import { addressOf, asRoot, killReplicated, promoteMariadb } from '../support/replicated.ts';

const VERSION = 'mariadb-10.11';

// A container does not reach the other one under the address that both have here.
describe.skipIf(await usesDocker())('of a MariaDB and two replicas', () => {
  let a: MysqlServer;
  let b: MysqlServer;
  let c: MysqlServer;
  let pipeline: Pipeline;

  beforeEach(async () => {
    a = await startMysql({ version: VERSION, own: true, progress: () => undefined });
    [b, c] = [await startMariadbReplica(a, VERSION), await startMariadbReplica(a, VERSION)];
    const hosts = [a, b, c].map(addressOf);
    pipeline = await Pipeline.create({ mysql: a, source: { hosts, connectTimeout: '5s' } });
    // MariaDB's JSON is text, and stays as it was written; MySQL's would put its keys in another order.
    await pipeline.copy.connection.query('ALTER TABLE orders MODIFY attributes LONGTEXT');
  });
  afterEach(async () => {
    await pipeline.remove();
    await Promise.all([a.remove(), b.remove(), c.remove()]);
  });

  it('the relay goes on at a replica, nothing is lost, and the old primary is refused', async () => {
    const relay = await pipeline.startRelay();
    expect((await relay.ready()).parts.source.reason).toBe(`reading the binlog of ${addressOf(a)}`);
    const before = pipeline.load(300);
    await publishedMore(500);
    await killReplicated(a, [b, c]);
    const stopped = before.stop();
    await promoteMariadb(b, [c]);
    await stopped;
    pipeline.mysql = b;
    const after = pipeline.load(300, 2);
    await publishedMore(500);
    await after.stop();
    const rows = await pipeline.expectEqual();
    const { parts, epoch } = await relay.ready();
    expect(parts.source.reason).toMatch(new RegExp(`of (${addressOf(b)}|${addressOf(c)})$`));
    expect(epoch).toBe(1);
    const { changes, messagesRepeated, changesRepeated } = pipeline.reader.counts;
    console.log(
      `failover of MariaDB: ${changes} changes, ${rows} rows compared; sent twice: ${messagesRepeated} messages, ${changesRepeated} changes`,
    );

    // Cut off from the others it has written for itself.
    await a.start();
    await asRoot(a, `INSERT INTO ${pipeline.source}.visits VALUES (NOW(6), 'errant')`);
    expect((await relay.stop()).code).toBe(0);
    const again = await pipeline.startRelay();
    await again.ready();
    const refused = (await again.log()).split('\n').find((line) => line.includes(`"host":"${addressOf(a)}"`)) ?? '';
    expect(JSON.parse(refused)).toMatchObject({ code: 'SOURCE_LACKS_PUBLISHED' });
    const last = pipeline.load(300, 3);
    await sleep(500);
    await last.stop();
    await pipeline.expectEqual();
  });

  async function publishedMore(changes: number): Promise<void> {
    const { relay } = pipeline;
    const { counters } = await relay.ready();
    const wanted = counters.changesAcknowledged + changes;
    await relay.until('publishing', (health) => health.counters.changesAcknowledged > wanted, 60_000);
  }
});
