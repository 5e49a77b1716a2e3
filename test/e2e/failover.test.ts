/**
 * A primary that dies, and the relay that goes on at a replica: source.hosts. Real servers, and the whole way of a row.
 * `LONG=1` also lets a primary hang, which takes a minute to be noticed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usesDocker } from '../../dev/servers/container.ts';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql, startRocketmq } from '../../dev/servers/start.ts';
import { goesOnAtReplica, refusesOldPrimary } from '../support/failed-over.ts';
import { Pipeline } from '../support/pipeline.ts';
import { Program } from '../support/program.ts';
import { startReplica } from '../support/replica.ts';
import { addressOf, asRoot, killReplicated, promote, untilExecuted, uuidOf } from '../support/replicated.ts';

const isLong = process.env['LONG'] === '1';

// A container does not reach the other one under the address that both have here.
describe.skipIf(await usesDocker())('of a primary and two replicas', () => {
  let a: MysqlServer;
  let b: MysqlServer;
  let c: MysqlServer;
  let pipeline: Pipeline;

  beforeEach(async () => {
    a = await startMysql({ own: true, progress: () => undefined });
    [b, c] = [await startReplica(a), await startReplica(a)];
    const hosts = [a, b, c].map(addressOf);
    pipeline = await Pipeline.create({ mysql: a, source: { hosts, connectTimeout: '5s' } });
  });
  afterEach(async () => {
    await pipeline.remove();
    await Promise.all([a.remove(), b.remove(), c.remove()]);
  });

  it('the relay goes on at a replica, nothing is lost, and the old primary is refused', async () => {
    await goesOnAtReplica(pipeline, { primary: a, replicas: [b, c], promote });
    expect(await refusesOldPrimary(pipeline, a)).toMatchObject({
      host: addressOf(a),
      code: 'SOURCE_LACKS_PUBLISHED',
      error: expect.stringContaining(`of other servers, which were published: ${await uuidOf(b)}:1-`) as string,
    });
    const found = await new Program(['check', '--config', `${pipeline.folder}/relay.yaml`]).outcome();
    expect(found.stdout).toMatch(new RegExp(`^error +source ${addressOf(a)} +SOURCE_LACKS_PUBLISHED`, 'm'));
    expect(found.stdout).toMatch(new RegExp(`^ok +source ${addressOf(b)} `, 'm'));
  });

  it('the relay does not go on where published transactions are missing, and says which', async () => {
    const relay = await pipeline.startRelay();
    await relay.ready();
    await asRoot(a, `INSERT INTO ${pipeline.source}.visits VALUES (NOW(6), 'kept')`);
    await pipeline.expectEqual();
    const executed = (await relay.ready()).lowWaterMark?.gtidSet ?? '';
    for (const replica of [b, c]) await untilExecuted(replica, executed);
    for (const replica of [b, c]) await asRoot(replica, 'STOP REPLICA');
    await asRoot(a, `INSERT INTO ${pipeline.source}.visits VALUES (NOW(6), 'lost'), (NOW(6), 'lost')`);
    await pipeline.expectEqual();
    const uuid = await uuidOf(a);
    const { lowWaterMark } = await relay.ready();
    const last = new RegExp(`${uuid}:1-(\\d+)`).exec(lowWaterMark?.gtidSet ?? '')?.[1] ?? '';
    await a.kill9();
    await promote(b, [c]);
    await asRoot(b, `INSERT INTO ${pipeline.source}.visits VALUES (NOW(6), 'new')`);
    const { parts } = await relay.until('refusing', ({ parts }) => parts.source.reason.includes('LACKS_PUBLISHED'));
    expect(parts.source.ok).toBe(false);
    const { reason } = parts.source;
    expect(reason).toContain(`${addressOf(a)}: SOURCE_UNREACHABLE`);
    expect(reason).toContain(`${addressOf(b)}: SOURCE_LACKS_PUBLISHED: the server never got these`);
    expect(reason).toContain(`${addressOf(c)}: SOURCE_BEHIND`);
    expect(reason).toContain(`published: ${uuid}:${last}`);
    await sleep(1000);
    expect((await relay.health())?.lowWaterMark?.gtidSet).toBe(lowWaterMark?.gtidSet);
    expect((await relay.page('/readyz'))?.slice(0, 3)).toBe('503');
    // Each server is told of once. (Before it was promoted it may have been one that is behind.)
    const told = (await relay.log()).split('\n').filter((line) => line.includes(`"host":"${addressOf(b)}"`));
    expect(told.filter((line) => line.includes('SOURCE_LACKS_PUBLISHED'))).toHaveLength(1);

    // The one that has them is there again.
    await a.start();
    await relay.until('going on', ({ parts }) => parts.source.reason === `reading the binlog of ${addressOf(a)}`);
    await asRoot(a, `INSERT INTO ${pipeline.source}.visits VALUES (NOW(6), 'more')`);
    await pipeline.expectEqual();
    await untilExecuted(c, `${await uuidOf(b)}:1`);
  });

  // What it holds can be sent only with the lock, which the primary had: another server has to give it.
  it.each(isLong ? ['dies', 'hangs'] : ['dies'])(
    'the relay goes on at a replica when the primary %s while it holds as much as it may',
    { timeout: 300_000 },
    async (how) => {
      const broker = await startRocketmq({ own: true, progress: () => undefined });
      const full = await Pipeline.create({
        mysql: a,
        rocketmq: broker,
        source: { hosts: [a, b, c].map(addressOf), connectTimeout: '5s' },
        sink: { sendTimeout: '2s' },
        limits: { heldBytes: '1MiB', messageBytes: '64KiB' },
      });
      try {
        const relay = await full.startRelay();
        await relay.ready();
        await broker.freeze();
        const load = full.load(300);
        await relay.until('paused', ({ sourcePaused }) => sourcePaused, 60_000);
        await load.stop();
        await killReplicated(a, [b, c], how === 'dies' ? () => a.kill9() : () => a.freeze());
        await promote(b, [c]);
        const isLockLost = async (): Promise<boolean> => (await relay.log()).includes('the lock is not confirmed');
        await expect.poll(isLockLost, { timeout: 120_000 }).toBe(true);
        await broker.thaw();
        [full.mysql, pipeline.mysql] = [b, b];
        await full.sql("INSERT INTO visits VALUES (NOW(6), 'after')");
        const rows = await full.expectEqual();
        const { parts, epoch } = await relay.ready();
        expect(parts.source.reason).toMatch(new RegExp(`of (${addressOf(b)}|${addressOf(c)})$`));
        expect(epoch).toBe(1);
        console.log(`failover of a relay that holds as much as it may: ${rows} rows compared`);
      } finally {
        await Promise.all([broker.thaw(), a.thaw()]);
        await full.remove();
        await broker.remove();
      }
    },
  );
});
