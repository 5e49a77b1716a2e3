/** Two relays, one of which stands by, and three servers: a lock is of one server only. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usesDocker } from '../../dev/servers/container.ts';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { Pipeline } from '../support/pipeline.ts';
import { startReplica } from '../support/replica.ts';
import { addressOf, killReplicated, promote } from '../support/replicated.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../support/servers.ts';

describe.skipIf(await usesDocker())('of a primary and two replicas, two relays', () => {
  let a: MysqlServer;
  let b: MysqlServer;
  let c: MysqlServer;
  let state: FreshDatabase;
  let pipeline: Pipeline;

  beforeEach(async () => {
    a = await startMysql({ own: true, progress: () => undefined });
    [b, c] = [await startReplica(a), await startReplica(a)];
    state = await freshDatabase({ prefix: 'state' });
    const { host, port, user, password } = sharedMysql();
    const checkpoint = { type: 'mysql', host, port, user, password, database: state.name, name: 'shop' };
    const source = { hosts: [a, b, c].map(addressOf), connectTimeout: '5s' };
    pipeline = await Pipeline.create({ mysql: a, source, sections: { ha: 'standby', checkpoint } });
  });
  afterEach(async () => {
    await pipeline.remove();
    await state.drop();
    await Promise.all([a.remove(), b.remove(), c.remove()]);
  });

  it('do not take the place from one another at two servers, and go on when the primary dies', async () => {
    const active = await pipeline.startRelay('one');
    await active.ready();
    // It is led to a server at which nobody has the lock.
    const waiting = await pipeline.startRelay('two', { hosts: [b, a, c].map(addressOf) });
    await waiting.standingBy(60_000);
    expect((await active.ready()).epoch).toBe(1);

    const before = pipeline.load(200);
    await active.until('publishing', ({ counters }) => counters.changesAcknowledged > 200, 60_000);
    await killReplicated(a, [b, c]);
    const stopped = before.stop();
    await promote(b, [c]);
    await stopped;
    pipeline.mysql = b;
    const one = await Promise.any([active, waiting].map((relay) => relay.ready(90_000).then(() => relay)));
    const after = pipeline.load(200, 2);
    await one.until('publishing', ({ counters }) => counters.changesAcknowledged > 400, 60_000);
    await after.stop();
    const rows = await pipeline.expectEqual(one);
    const other = one === active ? waiting : active;
    await other.standingBy(60_000);
    const { epoch } = await one.ready();
    console.log(`failover beside a relay that stands by: ${rows} rows compared; epoch ${epoch}`);
  });
});
