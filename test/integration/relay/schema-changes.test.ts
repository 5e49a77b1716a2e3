/**
 * Statements that change tables, between the rows: what is published of every step is compared with what the server
 * says it changed, under the names, types and key that the server gives at that moment; once while it happens, and once
 * more from the binlog, when all tables look otherwise already.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MysqlServer, MysqlVersion } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { tableFilter } from '../../../src/change/table-filter.ts';
import { Author, expectPublished, type Expected } from '../../support/author.ts';
import { RecordingRelay } from '../../support/recording-relay.ts';
import { SCHEMA_CHANGES } from '../../support/schema-changes.ts';

const TABLES = { include: ['shop.*', 'hidden.in*'], exclude: ['shop.out*'], excludeColumns: [] };
const filter = tableFilter(TABLES);
const VERSIONS: readonly MysqlVersion[] = ['9.7', '8.0'];

describe.each(VERSIONS)('MySQL %s', (version) => {
  let mysql: MysqlServer;

  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
  }, 300_000);
  afterAll(() => mysql.remove());

  const cases = SCHEMA_CHANGES.filter(({ newest }) => version === '9.7' || newest === undefined);
  test.each(cases)('$name', async ({ steps }) => {
    const author = await Author.start(mysql, filter);
    const relay = await RecordingRelay.start({ mysql, tables: TABLES });
    const expected: Expected[] = [];
    try {
      for (const step of steps) {
        const next = await author.do(step);
        expected.push(next);
        await relay.until(`${author.serverUuid}:${next.to}`);
        expectPublished(relay, next);
      }
    } finally {
      await relay.stop();
      await author.end();
    }

    const again = await RecordingRelay.start({ mysql, tables: TABLES, start: { gtidSet: author.gtidSet } });
    try {
      await again.until(`${author.serverUuid}:${expected.at(-1)?.to ?? 0}`);
      for (const each of expected) expectPublished(again, each);
    } finally {
      await again.stop();
    }
  });
});

describe('the lane of a row', () => {
  const ROWS = 40;
  let mysql: MysqlServer;

  beforeAll(async () => {
    mysql = await startMysql({ version: '9.7', own: true, progress: () => undefined });
  }, 300_000);
  afterAll(() => mysql.remove());

  /** Of the rows 1 to 40 of `t`, before the statement and after it, under the name that it has then. */
  async function lanes(key: string, statement: string, name = 't'): Promise<readonly [string[], string[]]> {
    const author = await Author.start(mysql, filter);
    const relay = await RecordingRelay.start({ mysql, tables: TABLES });
    try {
      const numbers = Array.from({ length: ROWS }, (_, i) => `(${i + 1}, ${i + 1}, 0)`);
      await author.do({ quiet: `CREATE TABLE t (id ${key}, other INT NOT NULL, a INT, PRIMARY KEY (id))` });
      const first = await author.do(`INSERT INTO t VALUES ${numbers.join()}`);
      await author.do({ quiet: statement });
      const second = await author.do(`UPDATE ${name} SET a = 1`);
      await relay.until(`${author.serverUuid}:${second.to}`);
      return [lanesOf(relay, first), lanesOf(relay, second)];
    } finally {
      await relay.stop();
      await author.end();
    }
  }

  /** By the row's number. */
  function lanesOf({ messages }: RecordingRelay, { from, to }: Expected): string[] {
    const found: string[] = [];
    for (const { lane, body } of messages)
      for (const [i, { other }] of body.data.entries()) {
        const gno = Number(body.changes[i]?.split('#')[0]);
        if (gno > from && gno <= to) found[Number(other) - 1] = lane;
      }
    return found;
  }

  test.each([
    ['INT', 'ALTER TABLE t MODIFY id BIGINT UNSIGNED'],
    ['INT', 'ALTER TABLE t ADD b INT FIRST, RENAME COLUMN id TO no'],
    ['INT', 'ALTER TABLE t MODIFY id CHAR(20) CHARACTER SET ascii COLLATE ascii_bin'],
    ['CHAR(9) COLLATE utf8mb4_bin', 'ALTER TABLE t MODIFY id VARCHAR(400) CHARACTER SET latin1 COLLATE latin1_bin'],
  ])('stays when the text of its key does: %s, %s', async (key, statement) => {
    const [before, after] = await lanes(key, statement);
    expect(new Set(before).size).toBeGreaterThan(1);
    expect(after).toEqual(before);
    expect(after).toHaveLength(ROWS);
  });

  test.each([
    ['INT', 'ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (other, id)', 't'],
    ['INT', 'RENAME TABLE t TO u', 'u'],
    ['INT', 'ALTER TABLE t MODIFY id CHAR(20)', 't'],
  ])('may become another with %s, %s', async (key, statement, name) => {
    const [before, after] = await lanes(key, statement, name);
    expect(after).toHaveLength(ROWS);
    expect(after).not.toEqual(before);
  });
});
