/** Rows and values that stop the relay by default, and what is published of them under a policy, on a server of its own. */
import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startMysql, type MysqlServer } from '../../../dev/servers/servers.ts';
import { PublishingRun, type PublishingOptions } from '../../support/publishing-run.ts';
import { freshDatabase, type FreshDatabase } from '../../support/servers.ts';

const MIB = 1 << 20;

let mysql: MysqlServer;
let database: FreshDatabase;
let sql: Connection;
let run: PublishingRun;

beforeAll(async () => {
  mysql = await startMysql({ own: true, progress: () => undefined, flags: ['--max-allowed-packet=256M'] });
}, 300_000);
afterAll(() => mysql.remove());
beforeEach(async () => {
  database = await freshDatabase({ mysql, prefix: 'policy' });
  sql = database.connection;
});
afterEach(async () => {
  await run.stop();
  await database.drop();
});

/** What a relay under `options` publishes of what `statements` change. */
async function publish(options: PublishingOptions, ...statements: readonly string[]): Promise<void> {
  run = await PublishingRun.start(mysql, database.name, options);
  for (const statement of statements) await sql.query(statement);
  await run.untilPublished(sql);
}

describe('a row that is larger than a message may be', () => {
  const DOCUMENTS = 'CREATE TABLE documents (id INT PRIMARY KEY, title VARCHAR(20), content LONGBLOB)';
  const large = (id: number, mib: number): string =>
    `INSERT INTO documents VALUES (${id}, 'large', REPEAT('x', ${mib} * 1048576))`;

  test.each([5, 100])('of %i MiB stops the relay, naming all but values', async (mib) => {
    await publish({}, DOCUMENTS, `INSERT INTO documents VALUES (1, 'small', 'x')`, large(2, mib));
    expect(run.failure).toMatchObject({ code: 'ROW_TOO_LARGE', details: { keyColumns: ['id'] } });
    expect(run.failure?.message).toMatch(
      new RegExp(
        `^at binlog\\.\\d+:\\d+, transaction [^ ]+: change [^ ]+#0: a row of ${database.name}\\.documents \\(with the primary key id\\) makes a message of \\d+ bytes, the sink takes 4194304$`,
      ),
    );
    expect(Number(run.failure?.details['bytes'])).toBeGreaterThan(mib * MIB);
    expect(run.failure?.remedy).toContain('publish.oversize: skeleton');
    expect(run.bodies.map(({ data }) => data)).toEqual([[{ id: '1', title: 'small', content: 'eA==' }]]);
  });

  test('of 5, 20 or 100 MiB is published as its key, in its place', async () => {
    await publish(
      { publish: { oversize: 'skeleton' }, ordering: 'table' },
      DOCUMENTS,
      large(1, 5),
      large(2, 20),
      `INSERT INTO documents VALUES (3, 'small', 'x')`,
      large(4, 100),
      `UPDATE documents SET title = 'still large' WHERE id = 2`,
      `UPDATE documents SET id = 5 WHERE id = 2`,
      `UPDATE documents SET content = 'y' WHERE id = 1`,
      `UPDATE documents SET title = 'now small' WHERE id = 1`,
      `DELETE FROM documents WHERE id = 5`,
    );
    expect(run.failure).toBeUndefined();
    expect(
      run.bodies.flatMap(({ type, data, old, omitted }) =>
        data.map((row, i) => [type, row, old?.[i] ?? null, omitted?.join() ?? '-']),
      ),
    ).toEqual([
      ['INSERT', { id: '1' }, null, 'title,content'],
      ['INSERT', { id: '2' }, null, 'title,content'],
      ['INSERT', { id: '3', title: 'small', content: 'eA==' }, null, '-'],
      ['INSERT', { id: '4' }, null, 'title,content'],
      ['UPDATE', { id: '2' }, {}, 'title,content'],
      ['UPDATE', { id: '5' }, { id: '2' }, 'title,content'],
      // The row is small now, but its previous value is not.
      ['UPDATE', { id: '1' }, {}, 'title,content'],
      ['UPDATE', { id: '1', title: 'now small', content: 'eQ==' }, { title: 'large' }, '-'],
      ['DELETE', { id: '5' }, null, 'title,content'],
    ]);
    expect(run.counters.changesOversize).toBe(7);
    for (const { properties, body } of run.sent)
      expect(properties.get('marks')).toBe(body.includes('"omitted":["title","content"]') ? 'oversize' : undefined);
  });

  test('without a usable key is published as its identity alone', async () => {
    await publish(
      { publish: { oversize: 'skeleton' } },
      'CREATE TABLE keyless (id INT, content LONGBLOB)',
      'CREATE TABLE prefixed (content LONGBLOB, PRIMARY KEY (content(10)))',
      `INSERT INTO keyless VALUES (1, REPEAT('x', 5000000))`,
      `INSERT INTO prefixed VALUES (REPEAT('x', 5000000))`,
    );
    expect(
      run.bodies.map(({ table, pkNames, data, omitted, changes }) => [table, pkNames, data, omitted, changes.length]),
    ).toEqual(
      expect.arrayContaining([
        ['keyless', null, [{}], ['id', 'content'], 1],
        ['prefixed', null, [{}], ['content'], 1],
      ]),
    );
  });
});
