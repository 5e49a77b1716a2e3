/** Rows that are deleted in the source and only marked in the target. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RowDataPacket } from 'mysql2/promise';
import { MARIADB_VERSIONS } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { removal } from '../../../src/apply/rows/soft-delete.ts';
import { fit } from '../../../src/apply/tables/fit.ts';
import { readTargetTable } from '../../../src/apply/tables/target-table.ts';
import { openSession } from '../../../src/apply/target/session.ts';
import { systemClock } from '../../../src/base/clock.ts';
import type { TopicMessage } from '../../../src/topic/topic.ts';
import { copyMark, rows, Writing, type WritingOptions } from '../../support/lane-messages.ts';
import { targetOf } from '../../support/round-trip/apply-sink.ts';
import { freshDatabase, type FreshDatabase } from '../../support/servers.ts';
import type { BodyParts } from '../../unit/apply/rows/bodies.ts';

let target: FreshDatabase;
const open: Writing[] = [];

beforeEach(async () => {
  target = await freshDatabase({ prefix: 'target' });
});

afterEach(async () => {
  for (const writing of open.splice(0)) writing.end();
  await target.drop();
});

async function begin(options: WritingOptions = {}): Promise<Writing> {
  const writing = await Writing.begin(target.name, { softDelete: 'deleted_at', ...options });
  open.push(writing);
  return writing;
}

const TYPES = { id: 'int', note: 'varchar(9)' };
const orders = (kind: NonNullable<BodyParts['kind']>, ...ids: readonly string[]): BodyParts => ({
  kind,
  types: TYPES,
  data: ids.map((id) => [
    ['id', id],
    ['note', `n${id}`],
  ]),
});

/** Committed at this time of 2026-01-01. */
function at(time: string, message: TopicMessage): TopicMessage {
  const es = `"es":${Date.parse(`2026-01-01T${time}Z`)}`;
  return { ...message, body: Buffer.from(message.body.toString().replace(/"es":\d+/, es)) };
}

async function marks(): Promise<readonly string[]> {
  const [found] = await target.connection.query<RowDataPacket[]>(
    'SELECT id, note, CAST(deleted_at AS CHAR) AS at FROM orders ORDER BY id',
  );
  return found.map((row) => [row['id'], row['note'], String(row['at']).replace('2026-01-01 ', '')].join(' '));
}

const TABLE = 'CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(9), deleted_at DATETIME(3) NULL)';

describe('a table with the column', () => {
  it.each([
    ['DATETIME(3)', '10:00:00.987'],
    ['TIMESTAMP(6)', '10:00:00.987000'],
    ['DATETIME', '10:00:00'],
    ['TIMESTAMP(1)', '10:00:00.9'],
  ])('of %s keeps rows that are deleted, with the time, until they are written again', async (type, time) => {
    await target.connection.query(
      `${TABLE.replace('DATETIME(3)', type)}; ALTER TABLE orders ADD touched TIMESTAMP(6) NOT NULL DEFAULT '2020-01-01' ON UPDATE NOW(6)`,
    );
    await target.connection.query("SET SESSION time_zone = '+00:00'");
    const writing = await begin();
    await writing.write(
      rows({ sequence: 1 }, orders('INSERT', '1', '2', '3')),
      at('10:00:00.987', rows({ sequence: 2 }, orders('DELETE', '1', '2'))),
      at('11:00:00.987', rows({ sequence: 3 }, orders('DELETE', '2', '9'))),
    );
    expect(await marks()).toEqual([`1 n1 ${time}`, `2 n2 ${time}`, '3 n3 null']);
    const [touched] = await target.connection.query<RowDataPacket[]>(
      'SELECT DISTINCT CAST(touched AS CHAR) AS t FROM orders',
    );
    expect(touched.map((row) => String(row['t']))).toEqual(['2020-01-01 00:00:00.000000']);
    await writing.write(
      rows({ sequence: 4 }, orders('INSERT', '1')),
      rows({ sequence: 5 }, { ...orders('UPDATE', '2'), old: [[['note', 'x']]] }),
    );
    expect(await marks()).toEqual(['1 n1 null', '2 n2 null', '3 n3 null']);
  });

  it('marks the old key of a row whose key changes', async () => {
    await target.connection.query(TABLE);
    const writing = await begin();
    await writing.write(
      rows({ sequence: 1 }, orders('INSERT', '1')),
      at('10:00:00.5', rows({ sequence: 2 }, { ...orders('UPDATE', '2'), old: [[['id', '1']]] })),
    );
    expect(await marks()).toEqual(['1 n1 10:00:00.500', '2 n2 null']);
  });

  it('takes rows without some columns: a delete by its key, an update that moves the row', async () => {
    await target.connection.query(TABLE);
    const writing = await begin();
    const head = { absent: ['note'] };
    const key = (id: string): BodyParts['data'] => [[['id', id]]];
    const types = { id: 'int' };
    await writing.write(
      rows({ sequence: 1 }, orders('INSERT', '1', '2')),
      at('10:00:00.5', rows({ sequence: 2 }, { kind: 'DELETE', types, data: key('1'), head })),
    );
    expect(await marks()).toEqual(['1 n1 10:00:00.500', '2 n2 null']);
    // Where another row is marked.
    const moved: BodyParts = { kind: 'UPDATE', types, data: key('1'), old: key('2'), head };
    await writing.write(rows({ sequence: 3 }, moved));
    expect(await marks()).toEqual(['1 n2 null']);
    await writing.write(
      at('11:00:00', rows({ sequence: 4 }, orders('DELETE', '1'))),
      rows({ sequence: 5 }, { kind: 'UPDATE', types, data: key('1'), old: [[]], head }),
    );
    expect(await marks()).toEqual(['1 n2 null']);
  });

  it('is made with it', async () => {
    const writing = await begin({ create: true });
    await writing.write(
      copyMark(
        { sequence: 1 },
        'begin',
        'CREATE TABLE `orders` (\n  `id` int NOT NULL,\n  `note` varchar(9),\n  PRIMARY KEY (`id`)\n)',
        false,
        1,
      ),
      rows({ sequence: 2 }, orders('INSERT', '1', '2')),
      at('10:00:00.25', rows({ sequence: 3 }, orders('DELETE', '2'))),
    );
    expect(await marks()).toEqual(['1 n1 null', '2 n2 10:00:00.250']);
  });
});

describe('a table that does not fit', () => {
  const ALTER = 'ALTER TABLE .* COLUMN `deleted_at` DATETIME\\(3\\) NULL DEFAULT NULL';
  it.each<[string, string, string, string]>([
    ['has no such column', TABLE.replace(', deleted_at DATETIME(3) NULL', ''), 'has no column deleted_at', ALTER],
    ['has it of another type', TABLE.replace('DATETIME(3)', 'DATE'), 'deleted_at is not', ALTER],
    ['has it as NOT NULL', TABLE.replace('(3) NULL', " NOT NULL DEFAULT '2000-01-01'"), 'deleted_at is not', ALTER],
    ['gives it a default', TABLE.replace(' NULL', ' NULL DEFAULT NOW(3)'), 'deleted_at is not', ALTER],
    ['has ON UPDATE', TABLE.replace(' NULL', ' NULL ON UPDATE NOW(3)'), 'deleted_at is not', ALTER],
  ])('%s', async (_, sql, message, remedy) => {
    await target.connection.query(sql);
    const refused = (await begin()).write(rows({ sequence: 1 }, orders('INSERT', '1')));
    await expect(refused).rejects.toMatchObject({
      code: 'TARGET_TABLE_UNFIT',
      message: expect.stringContaining(message) as string,
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  it('has the column in the source, or no key', async () => {
    await target.connection.query(`${TABLE}; CREATE TABLE visits (id INT, deleted_at DATETIME(3))`);
    const writing = await begin();
    const types = { ...TYPES, Deleted_At: 'datetime(3)' };
    const data: BodyParts['data'] = [
      [
        ['id', '1'],
        ['note', 'n'],
        ['Deleted_At', null],
      ],
    ];
    await expect(writing.write(rows({ sequence: 1 }, { types, data }))).rejects.toThrow(
      'has a column deleted_at itself',
    );
    await expect(writing.write(rows({ sequence: 1 }, { ...orders('INSERT', '1'), key: null }))).rejects.toThrow(
      'it has no key',
    );
  });
});

it('knows the column of a MariaDB, and marks there', { timeout: 120_000 }, async () => {
  const server = await startMysql({ version: MARIADB_VERSIONS[0], own: true, progress: () => undefined });
  try {
    const session = await openSession(targetOf(server), systemClock, new AbortController().signal);
    expect(session.server.flavour).toBe('mariadb');
    const made = await freshDatabase({ mysql: server });
    await made.connection.query(`${TABLE}; INSERT INTO orders (id) VALUES (1), (2)`);
    const table = await readTargetTable(session, made.name, 'orders');
    if (table === undefined) throw new Error('the table is not there');
    const head = { types: new Map([['id', 'int']]), key: ['id'], absent: ['note'], omitted: [] };
    const { plan, misfits } = fit(head, table, session.server, { keepsUniqueKeys: false, softDelete: 'deleted_at' });
    expect(misfits).toBeUndefined();
    if (plan === undefined) return;
    const sql = `${removal(plan, Date.parse('2026-01-01T10:00:00.987Z'))} WHERE id = 1`;
    expect(await session.run([Buffer.from(sql)])).toEqual([{ found: 1, warnings: 0 }]);
    expect(await session.query(`SELECT deleted_at AS at FROM ${table.sql} ORDER BY id`)).toEqual([
      { at: '2026-01-01 10:00:00.987' },
      { at: null },
    ]);
    session.destroy();
    await made.drop();
  } finally {
    await server.remove();
  }
});
