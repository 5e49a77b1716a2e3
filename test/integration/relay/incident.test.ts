/**
 * A statement that the server cannot log any more, although it has changed a table without transactions: the server
 * says so in its binlog, and those rows are not there. An operator passes that, and nothing else is missing.
 */
import { expect, it } from 'vitest';
import { startMysql } from '../../../dev/servers/start.ts';
import type { MysqlVersion } from '../../../dev/servers/servers.ts';
import { RelayError } from '../../../src/base/errors.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import { RecordingRelay, type RecordingOptions } from '../../support/recording-relay.ts';
import { connectMysql } from '../../support/servers.ts';

const PATIENCE = { timeout: 30_000 };
const CACHE = ['--binlog-stmt-cache-size=4096', '--max-binlog-stmt-cache-size=4096'];

it.each(['9.7', 'mariadb-11.8'] as const satisfies readonly MysqlVersion[])(
  'of %s stops the relay, which goes on behind it when it is told to, once and for all',
  async (version) => {
    const mysql = await startMysql({ version, flags: CACHE, own: true, progress: () => undefined });
    try {
      const connection = await connectMysql(mysql);
      await connection.query(
        'CREATE DATABASE shop; USE shop; CREATE TABLE plain (id INT PRIMARY KEY, v TEXT) ENGINE = MyISAM; CREATE TABLE a (id INT PRIMARY KEY)',
      );
      const options: RecordingOptions = {
        mysql,
        tables: { include: ['shop.*'] },
        store: createMemoryCheckpointStore(),
      };
      const first = await RecordingRelay.start(options);
      await connection.query('INSERT INTO a VALUES (1)');
      const rows = Array.from({ length: 20 }, (_, id) => `(${id}, REPEAT('x', 1000))`);
      const tooMuch = connection.query(`INSERT INTO plain VALUES ${rows.join()}`);
      await expect(tooMuch).rejects.toMatchObject({ errno: 1705 });
      const error = await first.ended;
      expect(error).toMatchObject({ code: 'BINLOG_INCIDENT' });
      const [, skip] = /binlog-relay run --skip (\S+)$/.exec(error instanceof RelayError ? error.remedy : '') ?? [];
      expect(idsOf(first)).toEqual(['1']);

      // Nothing comes after it yet: a relay that is told nothing any more must not meet it again.
      const second = await RecordingRelay.start({ ...options, skip });
      await expect.poll(() => second.status().notices.length, PATIENCE).toBe(1);
      expect(second.status()).toMatchObject({ counters: { transactionsSkipped: 1 }, skip: { state: 'passed' } });
      expect(await second.stop()).toBeUndefined();
      const third = await RecordingRelay.start(options);
      await connection.query('INSERT INTO a VALUES (2)');
      await expect.poll(() => idsOf(third).length, PATIENCE).toBe(1);
      expect(await third.stop()).toBeUndefined();
      expect([...idsOf(second), ...idsOf(third)]).toEqual(['2']);
      await connection.end();
    } finally {
      await mysql.remove();
    }
  },
  180_000,
);

const idsOf = ({ messages }: RecordingRelay): readonly unknown[] =>
  messages.flatMap(({ body }) => body.data.map(({ id }) => id));
