/** A server that will soon purge what a blocked relay still needs is one to warn of, until it keeps more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MARIADB_VERSIONS, type MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { health, type HealthDocument } from '../../../src/admin/health.ts';
import { hastyClock } from '../../support/hasty-clock.ts';
import { laneNames } from '../../support/lane-names.ts';
import { realSourceRelay } from '../../support/real-source-relay.ts';
import { connectMysql } from '../../support/servers.ts';

const PATIENCE_MS = 60_000;
const versions = { relay: '', node: '' };
describe.each(['9.7' as const, ...MARIADB_VERSIONS])('with %s', (version) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await startMysql({ version, own: true, progress: () => undefined });
  });
  afterAll(() => server.remove());

  it('warns while the sink is blocked, until the server keeps its binlog for longer', async () => {
    const connection = await connectMysql(server);
    await connection.query('CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY)');
    let taken = 0;
    const stop = new AbortController();
    const relay = realSourceRelay({
      mysql: server,
      tables: { include: ['shop.*'] },
      sink: {
        open: () => Promise.resolve({ destination: 'a list', queues: 1, laneNames }),
        // The first row passes: where the checkpoint then stands, the second one waits.
        send: () => {
          taken += 1;
          return taken === 1 ? Promise.resolve() : new Promise(() => undefined);
        },
        close: () => Promise.resolve(),
      },
      clock: hastyClock,
      stopTimeoutMs: 0,
    });
    const ended = relay.run(stop.signal);
    const healthNow = (): HealthDocument => health(relay.status(), Date.now(), versions);
    const until = async (isWanted: (document: HealthDocument) => boolean): Promise<HealthDocument> => {
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const document = healthNow();
        if (isWanted(document)) return document;
        if (performance.now() > deadline) throw new Error(JSON.stringify(document));
        await sleep(50);
      }
    };
    const warning = ({ reasons }: HealthDocument): string | undefined =>
      reasons.find((reason) => reason.includes('which a restart would begin with'));
    const keep = (seconds: number): Promise<unknown> =>
      connection.query(`SET GLOBAL binlog_expire_logs_seconds = ${seconds}`);
    try {
      await keep(86_400);
      await until(({ runway }) => runway.seconds !== null);
      await connection.query('INSERT INTO shop.a VALUES (1)');
      await until(({ counters }) => counters.messagesAcknowledged === 1);
      await connection.query('INSERT INTO shop.a VALUES (2); FLUSH BINARY LOGS; INSERT INTO shop.a VALUES (3)');
      const well = await until(({ counters }) => counters.transactionsRead >= 3);
      expect(warning(well)).toBeUndefined();
      expect(well.runway).toMatchObject({ purgedBy: 'expiry' });
      expect(well.runway.seconds).toBeLessThanOrEqual(86_400);

      await keep(2);
      const short = await until((document) => warning(document) !== undefined);
      expect(short.healthy).toBe(false);
      expect(short.runway).toMatchObject({ purgedBy: 'expiry' });
      expect(short.runway.seconds).toBeLessThan(0.5);
      expect(warning(short)).toContain('SET ');
      expect(warning(short)).toContain('binlog_expire_logs_seconds = 604800');

      await keep(2_592_000);
      const longer = await until((document) => warning(document) === undefined);
      expect(longer.runway.seconds).toBeGreaterThan(2_000_000);
      expect(longer.runway.seconds).toBeLessThanOrEqual(2_592_000);

      await keep(0);
      await until(({ runway }) => runway.purgedBy === 'nothing');
    } finally {
      stop.abort();
      await ended;
      await connection.end();
    }
  });
});
