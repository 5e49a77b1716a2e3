/**
 * A replica logs what it replicates in a binlog of its own, at other places: the relay may go on there, so every change
 * must be the same there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { usesDocker } from '../../../dev/servers/container.ts';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { captureEvents, captureSql } from '../../support/capture-binlog.ts';
import { changesOf } from '../../support/flow.ts';
import { connectMysql, sharedMysql } from '../../support/servers.ts';
import { startReplica } from '../../support/replica.ts';

const WORKLOADS = ['shop', 'partial-json', 'compressed', 'tagged', 'xa'];
const sqlOf = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../fixtures/binlog/${name}.sql`), 'utf8');
const fixtureOf = (bytes: Buffer): { name: string; bytes: Buffer } => ({ name: '', bytes });

// A container does not reach the other one under the address that both have here.
describe.skipIf(await usesDocker())('a replica', () => {
  const source = sharedMysql();
  let replica: MysqlServer;
  let onSource: Connection;
  let onReplica: Connection;

  beforeAll(async () => {
    replica = await startReplica(source);
    onSource = await connectMysql(source);
    onReplica = await connectMysql(replica);
  });

  afterAll(async () => {
    await onSource.end();
    await onReplica.end();
    await replica.remove();
  });

  it('gives every change the identity that it has on its source', async () => {
    for (const name of WORKLOADS) {
      let ofSource: Buffer[] = [];
      const ofReplica = await captureEvents(replica, onReplica, async () => {
        ofSource = await captureSql(source, sqlOf(name));
        await caughtUp(await executed(onSource));
      });
      const options = { ordering: 'total', include: ['fx*.*'] } as const;
      const expected = await changesOf(ofSource.map(fixtureOf), options);
      expect(await changesOf(ofReplica.map(fixtureOf), options), name).toEqual(expected);
      expect(expected.length, name).toBeGreaterThan(3);
    }
  });

  async function caughtUp(gtidSet: string): Promise<void> {
    for (;;) {
      const [rows] = await onReplica.query({
        sql: `SELECT GTID_SUBSET('${gtidSet}', @@GLOBAL.gtid_executed), (SELECT GROUP_CONCAT(last_error_message SEPARATOR '')
          FROM performance_schema.replication_applier_status_by_worker), (SELECT last_error_message FROM performance_schema.replication_connection_status)`,
        rowsAsArray: true,
      });
      const [[isThere, ...errors] = []] = rows as unknown as unknown[][];
      expect(errors.join('')).toBe('');
      if (String(isThere) === '1') return;
      await sleep(20);
    }
  }
});

async function executed(connection: Connection): Promise<string> {
  const [rows] = await connection.query({ sql: 'SELECT @@GLOBAL.gtid_executed', rowsAsArray: true });
  return String((rows as unknown as unknown[][])[0]?.[0]).replaceAll('\n', '');
}
