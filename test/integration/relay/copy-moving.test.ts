/**
 * Copies of tables that change meanwhile: everything that the relay publishes fits what it has said before, and written
 * by key it is the source at the end. `COPY_SEEDS=1,2,3` chooses the random workloads, `COPY_SERVERS=8.0` the servers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer, MysqlVersion } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import { CopyingRelay, rowTextsOf } from '../../support/copying-relay.ts';
import { CopyWorkload, createTable, fill, KEY_KINDS, selectTexts } from '../../support/copy-tables.ts';
import { Random } from '../../support/round-trip/random.ts';
import { connectClients } from '../../support/copy-clients.ts';
import { uniqueName } from '../../support/servers.ts';
import { Upserts } from '../../support/upserts.ts';
import { startMariadbReplica, startReplica } from '../../support/replica.ts';

const SEEDS = (process.env['COPY_SEEDS'] ?? '1').split(',');
const CLIENTS = 16;
const ROWS = 300;

interface ServerKind {
  readonly name: string;
  readonly version: MysqlVersion;
  readonly flags: readonly string[];
  readonly replica?: {
    readonly flags: readonly string[];
    /**
     * stream: the relay reads it and the server that is written to in turns, the replica first. tables: only the tables
     * are read of it. nobody: it is there.
     */
    readonly readBy: 'stream' | 'tables' | 'nobody';
  };
}

const SERVERS: readonly ServerKind[] = [
  { name: '9.7', version: '9.7', flags: ['--sync-binlog=1', '--binlog-group-commit-sync-delay=2000'] },
  { name: '9.7 unordered', version: '9.7', flags: ['--sync-binlog=0', '--binlog-order-commits=OFF'] },
  { name: '8.0', version: '8.0', flags: [] },
  {
    name: '9.7 and a replica',
    version: '9.7',
    flags: [],
    replica: { flags: ['--replica-parallel-workers=8', '--replica-preserve-commit-order=OFF'], readBy: 'stream' },
  },
  {
    name: '9.7 and tables of a replica',
    version: '9.7',
    flags: [],
    replica: { flags: ['--replica-parallel-workers=8', '--replica-preserve-commit-order=OFF'], readBy: 'tables' },
  },
  {
    // The binlog goes out before the server shows what it has: as soon as the replica has it, too.
    name: '9.7 semi-synchronous',
    version: '9.7',
    flags: ['--plugin-load-add=semisync_source.so', '--rpl-semi-sync-source-enabled=1'],
    replica: {
      flags: ['--plugin-load-add=semisync_replica.so', '--rpl-semi-sync-replica-enabled=1'],
      readBy: 'nobody',
    },
  },
  { name: 'mariadb-10.11', version: 'mariadb-10.11', flags: [] },
  {
    name: 'mariadb-10.11 and tables of a replica',
    version: 'mariadb-10.11',
    flags: [],
    replica: { flags: ['--slave-parallel-threads=8', '--slave-parallel-mode=optimistic'], readBy: 'tables' },
  },
];
const collated = (version: MysqlVersion, sql: string): string =>
  version.startsWith('mariadb') ? sql.replaceAll('utf8mb4_0900_ai_ci', 'utf8mb4_unicode_ci') : sql;
const CHOSEN = process.env['COPY_SERVERS']?.split(',');

describe.each(SERVERS.filter(({ name }) => CHOSEN?.includes(name) ?? true))(
  '$name',
  ({ version, flags, replica: second }) => {
    let mysql: MysqlServer;
    let replica: MysqlServer | undefined;
    let connections: Connection[];
    beforeAll(async () => {
      mysql = await startMysql({ version, own: true, flags, progress: () => undefined });
      if (second !== undefined) {
        replica = version.startsWith('mariadb')
          ? await startMariadbReplica(mysql, version, second.flags)
          : await startReplica(mysql, second.flags);
      }
      connections = await connectClients(mysql, CLIENTS + 1);
    }, 120_000);
    afterAll(async () => {
      for (const connection of connections) await connection.end();
      await replica?.remove();
      await mysql.remove();
    });

    describe.each(SEEDS)('seed %s', (seed) => {
      it.each(['key', 'table'] as const)(
        'a copy fits the stream at every row, with ordering %s (invariant 19)',
        async (ordering) => {
          const random = new Random(`${seed} ${ordering}`);
          const [admin, ...clients] = connections;
          if (admin === undefined) throw new Error('no connection');
          const database = uniqueName('moving_');
          await admin.query(`CREATE DATABASE ${database}; GRANT SELECT ON ${database}.* TO ${mysql.relayUser}`);
          for (const connection of connections) await connection.query(`USE ${database}`);
          const tables = KEY_KINDS.map((kind, i) => ({ table: `t${i}`, kind }));
          for (const { table, kind } of tables)
            await admin.query(`${collated(version, createTable(table, kind))}; ${fill(table, kind, ROWS)}`);

          const sink = new Upserts();
          const store = createMemoryCheckpointStore();
          const read = replica === undefined || second?.readBy !== 'stream' ? [mysql] : [replica, mysql];
          let starts = 0;
          const start = (): CopyingRelay => {
            starts += 1;
            return new CopyingRelay({
              mysql: read[(starts - 1) % read.length] ?? mysql,
              replica: second?.readBy === 'tables' ? replica : undefined,
              tables: { include: [`${database}.*`] },
              sink,
              store,
              ordering,
              stopTimeoutMs: 0,
              copying: { maxRows: random.pick([1, 3, 10, 40]) },
            });
          };
          let run = start();
          const workload = new CopyWorkload(clients, tables, random, () => {
            const progress = run.relay.status().copying;
            return progress && { table: progress.table.slice(database.length + 1), n: progress.rows * 2 };
          });
          try {
            for (let kills = 0; kills < 3; kills += 1) {
              await sleep(random.int(200, 2500));
              await run.kill();
              run = start();
            }
            await run.untilCopied(180_000);
          } finally {
            await workload.stop();
          }
          await run.untilPublished(admin);
          await run.stop();
          expect(sink.problems.slice(0, 5)).toEqual([]);
          for (const { table, kind } of tables)
            expect(sink.texts(table), `${table} ${kind.name}`).toEqual(
              await rowTextsOf(admin, selectTexts(table, kind)),
            );
          const [{ tables: states = [] } = {}] = run.relay.status().copies;
          expect(states.filter(({ state }) => state !== 'copied')).toEqual([]);
          expect(workload.transactions).toBeGreaterThan(200);
          if (second?.readBy === 'nobody') {
            const [[waited]] = await admin.query<RowDataPacket[]>("SHOW STATUS LIKE 'Rpl_semi_sync_source_yes_tx'");
            expect(Number(waited?.['Value'])).toBeGreaterThan(200);
          }
          await admin.query(`DROP DATABASE ${database}`);
        },
        300_000,
      );
    });
  },
);
