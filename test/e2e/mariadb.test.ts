/** The whole way of a row from MariaDB, killed and not. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MARIADB_VERSIONS, type MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { Pipeline } from '../support/pipeline.ts';

describe.each(MARIADB_VERSIONS)('%s', (version) => {
  let mariadb: MysqlServer;
  let pipeline: Pipeline;

  beforeAll(async () => {
    const flags = ['--log-bin-compress=ON', '--log-bin-compress-min-len=100'];
    mariadb = await startMysql({ version, own: true, flags, progress: () => undefined });
  });
  afterAll(() => mariadb.remove());
  beforeEach(async () => {
    pipeline = await Pipeline.create({ mysql: mariadb });
    // MariaDB's JSON is text, and stays as it was written; MySQL's would put its keys in another order.
    await pipeline.copy.connection.query('ALTER TABLE orders MODIFY attributes LONGTEXT');
  });
  afterEach(() => pipeline.remove());

  it('keeps a copy of MariaDB on MySQL equal when the relay and the server are killed', async () => {
    await (await pipeline.startRelay()).ready();
    const load = pipeline.load(200);
    await ms(700);
    await pipeline.relay.kill9();
    await (await pipeline.startRelay()).ready();
    await pipeline.sql('FLUSH BINARY LOGS');
    await ms(700);
    await mariadb.kill9();
    await ms(500);
    await mariadb.start();
    await ms(1500);
    await load.stop();
    expect(await pipeline.expectEqual()).toBeGreaterThan(50);
    expect((await pipeline.relay.health())?.lowWaterMark?.gtidSet).toMatch(/^0-\d+-\d+$/);
  });
});

const ms = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n));
