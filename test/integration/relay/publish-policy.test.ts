/**
 * Rows and values that stop the relay by default, and what is published of them under a policy, on a server of its own.
 */
import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { PublishingRun, type PublishingOptions } from '../../support/publishing-run.ts';
import { Replay } from '../../support/replay.ts';
import { connectMysql, freshDatabase, type FreshDatabase } from '../../support/servers.ts';

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

describe('rows of which the binlog brings only some columns', () => {
  const ORDERS =
    'CREATE TABLE orders (a INT DEFAULT 5, id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, note TEXT, price DECIMAL(8,2))';
  const CHANGES = [
    'SET SESSION binlog_row_image = MINIMAL',
    `INSERT INTO orders (note) VALUES ('one'), ('two')`,
    'INSERT INTO orders VALUES (1, 30, NULL, 9.5)',
    `UPDATE orders SET price = 1.5, note = 'x' WHERE id < 3`,
    'UPDATE orders SET price = NULL WHERE id = 30',
    'DELETE FROM orders WHERE id = 30',
    'SET SESSION binlog_row_image = NOBLOB',
    'UPDATE orders SET a = NULL WHERE id = 1',
    `UPDATE orders SET note = 'y' WHERE id = 1`,
    'DELETE FROM orders WHERE id = 1',
    'SET SESSION binlog_row_image = FULL',
    'DELETE FROM orders WHERE id = 2',
  ];
  const shown = (): unknown[] =>
    run.bodies.flatMap(({ type, data, old, absent, oldAbsent }) =>
      data.map((row, i) => [type, row, old?.[i] ?? null, absent?.join() ?? '-', oldAbsent?.join() ?? '-']),
    );

  test('stop the relay', async () => {
    await publish({}, ORDERS, ...CHANGES.slice(0, 2));
    expect(run.failure?.code).toBe('ROW_IMAGE_NOT_FULL');
    expect(run.failure?.remedy).toContain('publish.partialRows: allow');
  });

  test.each(['key', 'table'] as const)(
    'are published with the columns that they have: ordering %s',
    async (ordering) => {
      await publish({ publish: { partialRows: 'allow' }, ordering }, ORDERS, ...CHANGES);
      expect(run.failure).toBeUndefined();
      const changes = shown();
      expect(changes).toHaveLength(11);
      expect(changes).toEqual(
        expect.arrayContaining([
          ['INSERT', { id: '1', note: 'one' }, null, 'a,price', '-'],
          ['INSERT', { id: '2', note: 'two' }, null, 'a,price', '-'],
          ['INSERT', { a: '1', id: '30', note: null, price: '9.50' }, null, '-', '-'],
          ['UPDATE', { id: '1', note: 'x', price: '1.50' }, {}, 'a', 'note,price'],
          ['UPDATE', { id: '2', note: 'x', price: '1.50' }, {}, 'a', 'note,price'],
          ['UPDATE', { id: '30', price: null }, {}, 'a,note', 'price'],
          ['DELETE', { id: '30' }, null, 'a,note,price', '-'],
          ['UPDATE', { a: null, id: '1', price: '1.50' }, { a: '5' }, 'note', '-'],
          ['UPDATE', { a: null, id: '1', note: 'y', price: '1.50' }, {}, '', 'note'],
          ['DELETE', { a: null, id: '1', price: '1.50' }, null, 'note', '-'],
          ['DELETE', { a: '5', id: '2', note: 'x', price: '1.50' }, null, '-', '-'],
        ]),
      );
      expect(run.counters.changesPartial).toBe(9);
      for (const { properties, body } of run.sent)
        expect(properties.get('marks')).toBe(body.includes('"absent":') ? 'partial' : undefined);
    },
  );

  test('give a reader that knows them an exact copy', async () => {
    const copy = await freshDatabase({ mysql, prefix: 'copy' });
    try {
      await copy.connection.query(`SET SESSION sql_log_bin = 0, time_zone = '+00:00', sql_mode = ''; ${ORDERS}`);
      await publish(
        { publish: { partialRows: 'allow' } },
        ORDERS,
        ...CHANGES,
        'SET SESSION binlog_row_image = MINIMAL',
        `INSERT INTO orders (note) VALUES ('three'), (NULL)`,
        `UPDATE orders SET a = a + id, note = CONCAT(note, '!')`,
      );
      const replay = new Replay(copy.connection, () => copy.name);
      for (const message of run.sent) await replay.apply(message);
      const read = 'SELECT * FROM orders ORDER BY id';
      const [expected] = await sql.query(read);
      const [found] = await copy.connection.query(read);
      expect(found).toEqual(expected);
      expect(found).toHaveLength(2);
    } finally {
      await copy.drop();
    }
  });

  test('stop the relay when the key of the row changes in ordering key, and are one update otherwise', async () => {
    const changes = [
      ORDERS,
      CHANGES[1] ?? '',
      'SET SESSION binlog_row_image = MINIMAL',
      'UPDATE orders SET id = 9 WHERE id = 1',
    ];
    await publish({ publish: { partialRows: 'allow' } }, ...changes);
    expect(run.failure?.message).toContain('changes the primary key');
    await run.stop();
    await sql.query('DROP TABLE orders; SET SESSION binlog_row_image = FULL');
    await publish({ publish: { partialRows: 'allow' }, ordering: 'total' }, ...changes);
    expect(run.failure).toBeUndefined();
    expect(shown().at(-1)).toEqual(['UPDATE', { id: '9' }, { id: '1' }, 'a,note,price', '-']);
  });

  test('stop the relay when their key is not among their columns, or JSON is there by its differences', async () => {
    await publish(
      { publish: { partialRows: 'allow' } },
      'CREATE TABLE defaults (id INT PRIMARY KEY DEFAULT 7, v INT)',
      'SET SESSION binlog_row_image = MINIMAL',
      'INSERT INTO defaults (v) VALUES (1)',
    );
    expect(run.failure?.message).toMatch(/rows of \S+\.defaults do not hold id of their primary key$/);
    await run.stop();
    await publish(
      { publish: { partialRows: 'allow' } },
      'CREATE TABLE documents (id INT PRIMARY KEY, j JSON)',
      `INSERT INTO documents VALUES (1, '{"a": [1, 2, 3], "b": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}')`,
      'SET SESSION binlog_row_value_options = PARTIAL_JSON; SET SESSION binlog_row_image = MINIMAL',
      "UPDATE documents SET j = JSON_SET(j, '$.a[1]', 9)",
    );
    expect(run.failure?.code).toBe('ROW_IMAGE_NOT_FULL');
    expect(run.failure?.remedy).toContain('binlog_row_value_options');
    expect(run.bodies).toHaveLength(1);
  });
});

describe('bytes that are no text', () => {
  // The server takes codes of gbk that no character has: FE50, AAA1.
  const NOTES = 'CREATE TABLE notes (id INT PRIMARY KEY, a VARCHAR(9) CHARACTER SET gbk, b TEXT CHARACTER SET gbk)';
  const CHANGES = [
    `INSERT INTO notes VALUES (1, '已发货', 'plain'), (2, _gbk x'61fe50', 'plain'), (3, 'x', _gbk x'aaa1${'79'.repeat(2000)}')`,
    `UPDATE notes SET a = 'mended'`,
  ];

  test('stop the relay', async () => {
    await publish({}, NOTES, ...CHANGES);
    expect(run.failure).toMatchObject({ code: 'BINLOG_UNSUPPORTED' });
    expect(run.failure?.message).toContain('column a holds bytes that are no characters of its charset gbk');
  });

  test('are published in base64, row and column named', async () => {
    await publish({ publish: { invalidText: 'base64' }, ordering: 'table' }, NOTES, ...CHANGES);
    expect(run.failure).toBeUndefined();
    const long = Buffer.concat([Buffer.of(0xaa, 0xa1), Buffer.alloc(2000, 'y')]).toString('base64');
    expect(run.bodies.map(({ data, old, invalidText }) => ({ data, old, invalidText }))).toEqual([
      {
        data: [
          { id: '1', a: '已发货', b: 'plain' },
          { id: '2', a: 'Yf5Q', b: 'plain' },
          { id: '3', a: 'x', b: long },
        ],
        old: null,
        invalidText: [
          { row: 1, data: ['a'] },
          { row: 2, data: ['b'] },
        ],
      },
      {
        data: [
          { id: '1', a: 'mended', b: 'plain' },
          { id: '2', a: 'mended', b: 'plain' },
          { id: '3', a: 'mended', b: long },
        ],
        old: [{ a: '已发货' }, { a: 'Yf5Q' }, { a: 'x' }],
        invalidText: [
          { row: 1, old: ['a'] },
          { row: 2, data: ['b'] },
        ],
      },
    ]);
    expect(run.sent.map(({ properties }) => properties.get('marks'))).toEqual(['invalidText', 'invalidText']);
    expect(run.counters.changesInvalidText).toBe(4);
  });

  test('in a key keep the order of the row', async () => {
    await publish(
      { publish: { invalidText: 'base64' } },
      'CREATE TABLE codes (id VARCHAR(9) CHARACTER SET gbk COLLATE gbk_bin PRIMARY KEY, v INT)',
      `INSERT INTO codes VALUES (_gbk x'fe50', 1), ('a', 1)`,
      `UPDATE codes SET v = 2`,
      // Equal under PAD SPACE, and other bytes.
      `UPDATE codes SET id = _gbk x'fe5020' WHERE v = 2 AND id <> 'a'`,
    );
    expect(run.failure).toBeUndefined();
    const lanes = run.sent.filter(({ body }) => body.includes('"invalidText"')).map(({ lane }) => lane);
    expect(lanes.length).toBeGreaterThan(2);
    expect(new Set(lanes).size).toBe(1);
  });
});

describe('times in another time zone', () => {
  // As IANA has them for 2026: when clocks change, in seconds since 1970, and the offsets from then on.
  const ZONES = [
    { name: 'Europe/Berlin', offsets: [3600, 7200], changes: [[1_761_440_400, 0], [1_774_746_000, 1], [1_792_890_000, 0]] },
    { name: 'Australia/Lord_Howe', offsets: [37_800, 39_600], changes: [[1_759_591_800, 1], [1_775_314_800, 0], [1_791_041_400, 1]] },
  ]; // prettier-ignore

  beforeAll(async () => {
    const connection = await connectMysql(mysql);
    for (const [i, { name, offsets, changes }] of ZONES.entries()) {
      const id = i + 1;
      await connection.query(
        `INSERT INTO mysql.time_zone VALUES (${id}, 'N'); INSERT INTO mysql.time_zone_name VALUES ('${name}', ${id})`,
      );
      for (const [type, offset] of offsets.entries())
        await connection.query(
          `INSERT INTO mysql.time_zone_transition_type VALUES (${id}, ${type}, ${offset}, ${type}, 'X')`,
        );
      for (const [time, type] of changes)
        await connection.query(`INSERT INTO mysql.time_zone_transition VALUES (${id}, ${time}, ${type})`);
    }
    await connection.end();
  });

  const EDGES = ZONES.flatMap(({ changes }) =>
    changes.slice(1).flatMap(([time = 0]) => [-5400, -1800, -1, 0, 1, 1800, 5400].map((d) => time + d)),
  );

  test.each(['Europe/Berlin', 'Australia/Lord_Howe', '+08:00', '-13:59', '+14:00'])(
    'have the text that the server gives in %s',
    async (timeZone) => {
      const times = [...EDGES, 2 ** 31 - 1, ...(timeZone === 'Australia/Lord_Howe' ? [] : [1, 3600, 50_000])];
      await publish(
        { publish: { timeZone }, ordering: 'total' },
        'CREATE TABLE times (id INT PRIMARY KEY, t0 TIMESTAMP NULL, t3 TIMESTAMP(3) NULL, d DATETIME)',
        `INSERT INTO times VALUES ${times.map((time, i) => `(${i}, FROM_UNIXTIME(${time}), FROM_UNIXTIME(${time}.125), '2026-03-29 02:30:00')`).join()}`,
        "SET sql_mode = ''; INSERT INTO times VALUES (1000, '0000-00-00', NULL, NULL)",
      );
      await sql.query('SET time_zone = ?', [timeZone]);
      const [rows] = await sql.query(
        'SELECT CAST(id AS CHAR) id, CAST(t0 AS CHAR) t0, CAST(t3 AS CHAR) t3, CAST(d AS CHAR) d FROM times ORDER BY times.id',
      );
      expect(run.failure).toBeUndefined();
      expect(run.bodies.flatMap(({ data }) => data)).toEqual(rows);
      for (const body of run.bodies) expect(body.timeZone).toBe(timeZone);
    },
  );
});

test('a key has the same lane however it is published (invariant 16)', async () => {
  const statements = [
    'CREATE TABLE events (at TIMESTAMP(3), id VARBINARY(9), PRIMARY KEY (at, id))',
    `INSERT INTO events VALUES ${Array.from({ length: 30 }, (_, i) => `(FROM_UNIXTIME(${1_790_000_000 + i * 3601}.25), x'ff${i + 10}')`).join()}`,
    'DELETE FROM events',
  ];
  const lanesOf = async (publishing: PublishingOptions['publish']): Promise<Map<string, string>> => {
    await publish({ publish: publishing ?? {} }, ...statements);
    await run.stop();
    await sql.query('DROP TABLE events');
    return new Map(
      run.bodies.flatMap(({ changes }, i) =>
        changes.map((change) => [change.replace(/^\d+/, ''), run.sent[i]?.lane ?? '']),
      ),
    );
  };
  const usual = await lanesOf({});
  expect(new Set(usual.values()).size).toBeGreaterThan(1);
  expect(await lanesOf({ timeZone: 'Asia/Shanghai', binary: 'latin1' })).toEqual(usual);
});

test('bytes as characters, as Canal writes them', async () => {
  await publish(
    { publish: { binary: 'latin1' } },
    'CREATE TABLE files (id INT PRIMARY KEY, b BINARY(4), v VARBINARY(300), l LONGBLOB, p POINT, note TEXT)',
    `INSERT INTO files VALUES (1, x'ff61', x'0022c3a95c', x'${Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('hex')}', POINT(1, 2), 'é')`,
  );
  const [rows] = await sql.query('SELECT HEX(b) b, HEX(v) v, HEX(l) l, HEX(p) p FROM files');
  const row = run.bodies[0]?.data[0];
  expect(run.bodies[0]?.binary).toBe('latin1');
  expect(row?.['note']).toBe('é');
  const hex = (name: string): string =>
    Buffer.from(row?.[name] ?? '', 'latin1')
      .toString('hex')
      .toUpperCase();
  expect([{ b: hex('b'), v: hex('v'), l: hex('l'), p: hex('p') }]).toEqual(rows);
});
