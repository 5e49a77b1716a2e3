/** Tables that are read of a replica, beside the stream of its source. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { tableFilter } from '../../../src/change/table-filter.ts';
import { checkCopy } from '../../../src/source/copy-check.ts';
import { connectionTo, CopyingRelay, rowTexts } from '../../support/copying-relay.ts';
import { startMariadbReplica, startReplica } from '../../support/replica.ts';
import { connectMysql, sharedMysql } from '../../support/servers.ts';
import { Upserts } from '../../support/upserts.ts';

const TABLES = { include: ['shop.*'], exclude: [], excludeColumns: [] };

describe.each(['9.7', 'mariadb-10.11'] as const)('%s', (version) => {
  const isMariadb = version !== '9.7';
  const [stop, go] = isMariadb
    ? ['STOP SLAVE SQL_THREAD', 'START SLAVE SQL_THREAD']
    : ['STOP REPLICA SQL_THREAD', 'START REPLICA SQL_THREAD'];
  let mysql: MysqlServer;
  let replica: MysqlServer;
  let connection: Connection;
  let onReplica: Connection;
  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
    replica = isMariadb ? await startMariadbReplica(mysql, version) : await startReplica(mysql);
    [connection, onReplica] = [await connectMysql(mysql), await connectMysql(replica)];
    await connection.query('CREATE DATABASE shop; USE shop');
  }, 120_000);
  afterAll(async () => {
    await Promise.all([connection.end(), onReplica.end()]);
    await Promise.all([mysql.remove(), replica.remove()]);
  });

  it('tables are read of the replica', async () => {
    await connection.query('CREATE TABLE shown (id INT PRIMARY KEY)');
    const run = new CopyingRelay({ mysql, replica, tables: TABLES, sink: new Upserts(), start: 'latest' });
    await run.untilCopied();
    await onReplica.query(
      'SET SESSION sql_log_bin = 0; INSERT INTO shop.shown VALUES (1); SET SESSION sql_log_bin = 1',
    );
    run.relay.copy({ do: 'copy', patterns: ['shop.shown'] });
    await run.untilCopied();
    expect(run.relay.status().copies.at(-1)?.outcome?.rows).toBe(1);
    await run.stop();
  });

  it('waits for a replica that stands still, and says so', async () => {
    await connection.query(
      'CREATE TABLE orders (id INT PRIMARY KEY, v INT); INSERT INTO orders VALUES (1, 1), (2, 2), (3, 3)',
    );
    const sink = new Upserts();
    const run = new CopyingRelay({
      mysql,
      replica,
      tables: TABLES,
      sink,
      start: 'latest',
      copying: { atFirstStart: false },
    });
    await run.untilRunning();
    run.relay.copy({ do: 'copy', patterns: ['shop.orders'] });
    await run.untilCopied();
    expect(sink.copiedRows).toBe(3);
    await onReplica.query(stop);
    await connection.query('UPDATE orders SET v = v + 10; INSERT INTO orders VALUES (4, 4)');
    await run.untilPublished(connection);
    // The list of tables is asked for there as well, and has no progress to show.
    run.relay.copy({ do: 'copy', patterns: ['shop.orders'] });
    await sleep(300);
    expect(sink.copiedRows).toBe(3);
    expect(run.relay.status().copies.at(-1)?.tables).toBeUndefined();
    await onReplica.query(go);
    await run.untilCopied();
    expect(sink.copiedRows).toBe(7);

    const big = Array.from({ length: 3000 }, (_, i) => `(${i}, ${i})`).join(', ');
    await connection.query(`CREATE TABLE big (id INT PRIMARY KEY, v INT); INSERT INTO big VALUES ${big}`);
    await run.untilPublished(connection);
    // No chunk is read before the one before it is acknowledged.
    let isSending = false;
    let release = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (release = resolve));
    sink.onSend = ({ properties }) => {
      if (properties.get('kind') !== 'INSERT') return Promise.resolve();
      isSending = true;
      return stopped;
    };
    run.relay.copy({ do: 'copy', patterns: ['shop.big'] });
    await run.until(() => isSending);
    await onReplica.query(stop);
    await connection.query('UPDATE big SET v = -v WHERE id > 2900');
    release();
    await run.until(({ copying }) => copying?.waitsFor?.includes('is not yet where the stream is') === true);
    await onReplica.query(go);
    await run.untilCopied();
    await run.untilPublished(connection);
    await run.stop();
    expect(sink.problems).toEqual([]);
    for (const table of ['orders', 'big']) expect(sink.texts(table)).toEqual(await rowTexts(connection, table));
  }, 120_000);

  it('check knows a replica, and what the account may read there', async () => {
    const options = { published: tableFilter(TABLES), clock: systemClock, settings: connectionTo(mysql) };
    const { findings, sentence } = await checkCopy({ ...options, replica: connectionTo(replica) });
    expect(findings).toEqual([]);
    expect(sentence).toBe(
      `tables are read of ${replica.host}:${replica.port}, a replica of the source; the history list of InnoDB is watched`,
    );
    expect((await checkCopy({ ...options, replica: connectionTo(mysql) })).sentence).toContain(', the source itself;');
    await onReplica.query(
      "SET SESSION sql_log_bin = 0; CREATE USER poor@'%' IDENTIFIED BY 'secret'; GRANT REFERENCES ON *.* TO poor@'%'; SET SESSION sql_log_bin = 1",
    );
    const account = { user: 'poor', password: 'secret' };
    const ofReplica = connectionTo(replica, 'copy.source');
    const unprivileged = await checkCopy({ ...options, replica: { ...ofReplica, ...account } });
    expect(unprivileged.findings).toEqual([expect.objectContaining({ level: 'error', code: 'GRANT_MISSING' })]);
    if (!isMariadb)
      expect(unprivileged.sentence).toContain('is not watched (copy.maxHistoryList): that takes GRANT PROCESS ON *.*');
    await expect(checkCopy({ ...options, replica: { ...ofReplica, port: 1 } })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining(`at ${replica.host}:1 (copy.source): `) as unknown,
      remedy: expect.stringContaining('check copy.source.host and copy.source.port') as unknown,
    });
  });

  it.skipIf(isMariadb)(
    'refuses a server that is no replica, and names one that was written to',
    async () => {
      const options = { published: tableFilter(TABLES), clock: systemClock, settings: connectionTo(mysql) };
      await expect(checkCopy({ ...options, replica: connectionTo(sharedMysql()) })).rejects.toMatchObject({
        code: 'COPY_REPLICA_BEHIND',
        message: expect.stringContaining('or it is no replica of the server') as unknown,
      });
      await onReplica.query('CREATE DATABASE written');
      const { findings } = await checkCopy({ ...options, replica: connectionTo(replica) });
      expect(findings).toEqual([expect.objectContaining({ level: 'warning', code: 'COPY_REPLICA_WRITTEN' })]);
    },
    60_000,
  );
});
