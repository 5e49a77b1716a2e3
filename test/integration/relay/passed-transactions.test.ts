/**
 * What stops the relay at a transaction of a real server: the error names it, and with --skip nothing else is missing.
 */
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import type { Code } from '../../../src/base/error-codes.ts';
import { RelayError } from '../../../src/base/errors.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import { RecordingRelay } from '../../support/recording-relay.ts';
import { connectMysql } from '../../support/servers.ts';

let mysql: MysqlServer;
let connection: Connection;

beforeAll(async () => {
  mysql = await startMysql({ version: '9.7', own: true, progress: () => undefined });
  connection = await connectMysql(mysql);
  await connection.query('CREATE DATABASE shop; USE shop; CREATE TABLE a (id INT PRIMARY KEY)');
}, 180_000);
afterAll(async () => {
  await connection.end();
  await mysql.remove();
});

async function execute(...statements: readonly string[]): Promise<void> {
  for (const statement of statements) await connection.query(statement);
}

it.each<{ code: Code; before: readonly string[]; stops: readonly string[]; ids: readonly number[] }>([
  {
    code: 'XA_UNKNOWN_BRANCH',
    before: ["XA START 'b'", 'INSERT INTO a VALUES (10)', "XA END 'b'", "XA PREPARE 'b'"],
    stops: ["XA COMMIT 'b'"],
    ids: [1, 2],
  },
  {
    code: 'ROW_METADATA_NOT_FULL',
    before: [],
    stops: [
      'SET GLOBAL binlog_row_metadata = MINIMAL',
      'INSERT INTO a VALUES (20)',
      'SET GLOBAL binlog_row_metadata = FULL',
    ],
    ids: [3, 4],
  },
])(
  '$code',
  async ({ code, before, stops, ids }) => {
    const [first, second] = ids;
    await execute(...before);
    const options = { mysql, tables: { include: ['shop.*'] }, store: createMemoryCheckpointStore() };
    const stopped = await RecordingRelay.start(options);
    // A session that has prepared a branch does nothing else before it ends it.
    const other = await connectMysql(mysql);
    await other.query(`INSERT INTO shop.a VALUES (${first})`);
    await execute(...stops);
    await other.query(`INSERT INTO shop.a VALUES (${second})`);
    await other.end();
    const error = await stopped.ended;
    expect(error).toMatchObject({ code });
    const [, skip] = / binlog-relay run --skip (\S+)$/.exec(error instanceof RelayError ? error.remedy : '') ?? [];
    expect(idsOf(stopped)).toEqual([String(first)]);

    const relay = await RecordingRelay.start({ ...options, skip });
    await expect.poll(() => idsOf(relay), { timeout: 30_000 }).toEqual([String(second)]);
    expect(relay.status()).toMatchObject({ skip: { state: 'passed' }, notices: [{ about: 'skipped', subject: skip }] });
    expect(await relay.stop()).toBeUndefined();
  },
  120_000,
);

const idsOf = ({ messages }: RecordingRelay): readonly unknown[] =>
  messages.flatMap(({ body }) => body.data.map(({ id }) => id));
