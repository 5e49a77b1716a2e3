/** As failover.test.ts, of MariaDB: its GTID positions name the last transaction alone, and who wrote it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usesDocker } from '../../dev/servers/container.ts';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { goesOnAtReplica, refusesOldPrimary } from '../support/failed-over.ts';
import { Pipeline } from '../support/pipeline.ts';
import { startMariadbReplica } from '../support/replica.ts';
import { addressOf, promoteMariadb } from '../support/replicated.ts';

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
    await goesOnAtReplica(pipeline, { primary: a, replicas: [b, c], promote: promoteMariadb });
    expect(await refusesOldPrimary(pipeline, a)).toMatchObject({ host: addressOf(a), code: 'SOURCE_LACKS_PUBLISHED' });
  });
});
