/** Copies of single keys, and of ranges of them, as an operator or a program asks for them. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer, MysqlVersion } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { EXACT } from '../../../src/relay/tables/publish-policy.ts';
import type { AskedKey, AskedPart } from '../../../src/relay/relay.ts';
import { readDefinition } from '../../../src/source/copy/definition.ts';
import { selectChunk, selectFound, selectKeys } from '../../../src/source/copy/selection.ts';
import type { Row } from '../../../src/source/rows.ts';
import { parseVersion } from '../../../src/source/server-version.ts';
import { CopyingRelay } from '../../support/copying-relay.ts';
import { connectMysql, uniqueName } from '../../support/servers.ts';
import { Upserts } from '../../support/upserts.ts';

interface Said {
  readonly type: string;
  readonly row: Readonly<Record<string, string | null>>;
}

interface Case {
  readonly name: string;
  readonly columns: string;
  readonly rows: string;
  readonly keys: readonly AskedKey[];
  /** Rows as they come, by their `v`; absent keys as a message shows them. */
  readonly present: readonly string[];
  readonly absent: readonly Readonly<Record<string, string>>[];
}

const hex = (text: string, encoding: BufferEncoding = 'utf8'): { hex: string } => ({
  hex: Buffer.from(text, encoding).toString('hex'),
});

const CASES: readonly Case[] = [
  {
    name: 'INT',
    columns: 'k INT PRIMARY KEY',
    rows: "(17, 'a'), (-5, 'b'), (0, 'c')",
    keys: [['017'], ['-5'], ['-0'], ['18'], [hex('19')]],
    present: ['a', 'b', 'c'],
    absent: [{ k: '18' }, { k: '19' }],
  },
  {
    name: 'BIGINT UNSIGNED ZEROFILL',
    columns: 'k BIGINT UNSIGNED ZEROFILL PRIMARY KEY',
    rows: "(18446744073709551615, 'a'), (18446744073709551614, 'b')",
    keys: [['18446744073709551615'], ['18446744073709551613'], ['007']],
    present: ['a'],
    absent: [{ k: '18446744073709551613' }, { k: '7' }],
  },
  {
    name: 'a collation that takes cases and accents as equal',
    columns: 'k VARCHAR(10) COLLATE utf8mb4_unicode_ci PRIMARY KEY',
    rows: "('abc', 'a'), ('É', 'b'), ('ü', 'c'), ('', 'd')",
    keys: [['ABC'], ['e'], ['UE'], ['备注'], [hex('Ü')], [''], ["x'; DROP"]],
    present: ['a', 'b', 'c', 'd'],
    absent: [{ k: 'UE' }, { k: '备注' }, { k: "x'; DROP" }],
  },
  {
    name: 'latin1',
    columns: 'k CHAR(5) CHARACTER SET latin1 PRIMARY KEY',
    rows: "('café', 'a'), ('x', 'b')",
    keys: [['CAFÉ'], [hex('caf\xe9s', 'latin1')], ['x  '], ['é'], ['y    ']],
    present: ['a', 'b'],
    absent: [{ k: 'cafés' }, { k: 'é' }, { k: 'y' }],
  },
  {
    name: 'gbk and ucs2',
    columns: 'k VARCHAR(5) CHARACTER SET gbk, l CHAR(5) CHARACTER SET ucs2, PRIMARY KEY (k, l)',
    rows: "('中文', 'x', 'a'), ('a', '', 'b')",
    keys: [
      ['中文', 'X  '],
      [{ hex: 'd6d0cec4' }, { hex: '0079' }],
      ['A', ''],
    ],
    present: ['a', 'b'],
    absent: [{ k: '中文', l: 'y' }],
  },
  {
    name: 'binary',
    columns: 'k BINARY(6), l VARBINARY(5), PRIMARY KEY (k, l)',
    rows: "('ab', x'00ff', 'a'), ('AB', 'x', 'b')",
    keys: [
      ['ab', { hex: '00ff' }],
      ['ab', { hex: '00FF00' }],
      ['Ab', 'x'],
    ],
    present: ['a'],
    absent: [
      { k: 'YWIAAAAA', l: 'AP8A' },
      { k: 'QWIAAAAA', l: 'eA==' },
    ],
  },
  {
    name: 'several columns, in another order than those of the table',
    columns: 'b VARCHAR(10) COLLATE utf8mb4_bin NOT NULL, a SMALLINT NOT NULL, PRIMARY KEY (a, b)',
    rows: "('x', 1, 'a'), ('y', 1, 'b'), ('x', 2, 'c')",
    keys: [
      ['1', 'x'],
      ['2', 'y'],
      ['1', 'X'],
      ['2', 'x'],
    ],
    present: ['a', 'c'],
    absent: [
      { a: '1', b: 'X' },
      { a: '2', b: 'y' },
    ],
  },
  {
    name: 'numbers',
    columns: 'd DECIMAL(10,2), f FLOAT, g DOUBLE, b BIT(12), PRIMARY KEY (d, f, g, b)',
    rows: "(1.5, 1.1, 1e300, 513, 'a'), (-7, -0.1, 0.1, 0, 'b'), (0, 16777216, 5e-324, 1, 'c')",
    keys: [
      ['1.500', '1.1', '1e300', '513'],
      ['-07', '-0.1', '0.1', { hex: '0000' }],
      ['-0', '16777216', '5e-324', '1'],
      ['9', '2.5', '-3', '4095'],
    ],
    present: ['a', 'b', 'c'],
    absent: [{ d: '9.00', f: '2.5', g: '-3', b: '4095' }],
  },
  {
    name: 'dates and times',
    columns: 'd DATE, t TIME(2), e DATETIME(3), s TIMESTAMP, y YEAR, PRIMARY KEY (d, t, e, s, y)',
    rows: "('2026-02-28', '-12:00:00.5', '2026-01-01 00:00:00', '2026-03-29 01:30:00', 2026, 'a'), ('0000-00-00', '100:00:00', '0000-00-00 00:00:00', '2038-01-19 03:14:07', 0, 'b')",
    keys: [
      ['2026-02-28', '-12:00:00.5', '2026-01-01T00:00:00', '2026-03-29 01:30:00', '2026'],
      ['0000-00-00', '100:00:00', '0000-00-00 00:00:00', '2038-01-19 03:14:07', '0000'],
      ['2024-02-29', '00:00:01', '2026-01-01 00:00:00.120', '2026-03-29 01:30:00', '1999'],
    ],
    present: ['a', 'b'],
    absent: [{ d: '2024-02-29', t: '00:00:01.00', e: '2026-01-01 00:00:00.120', s: '2026-03-29 01:30:00', y: '1999' }],
  },
  {
    name: 'ENUM and SET',
    columns: "e ENUM('z', 'm', 'a'), s SET('x', 'y', 'w'), PRIMARY KEY (e, s)",
    rows: "('a', 'w,x', 'a'), ('z', '', 'b')",
    keys: [
      ['a', 'x,w'],
      ['z', ''],
      ['m', 'y'],
      [hex('3'), hex('7')],
    ],
    present: ['a', 'b'],
    absent: [
      { e: 'm', s: 'y' },
      { e: 'a', s: 'x,y,w' },
    ],
  },
];

const REFUSED: readonly { readonly columns: string; readonly keys: readonly AskedKey[]; readonly reason: string }[] = [
  {
    columns: 'k INT PRIMARY KEY',
    keys: [['1'], ['x']],
    reason: 'keys[1][0]: what is asked for the column k is no whole number',
  },
  { columns: 'k INT PRIMARY KEY', keys: [['1.5']], reason: 'is no whole number' },
  { columns: 'k TINYINT PRIMARY KEY', keys: [['128']], reason: 'is out of the range of the column' },
  { columns: 'k INT UNSIGNED PRIMARY KEY', keys: [['-1']], reason: 'is out of the range of the column' },
  { columns: 'k DECIMAL(4,2) PRIMARY KEY', keys: [['100']], reason: 'is out of the range of the column' },
  { columns: 'k DECIMAL(4,2) PRIMARY KEY', keys: [['1.005']], reason: 'has more than 2 digits after its point' },
  {
    columns: 'k VARCHAR(3) PRIMARY KEY',
    keys: [['abc'], ['abcd']],
    reason: 'keys[1][0]: what is asked for the column k has 4 characters, the column 3',
  },
  {
    columns: 'k VARCHAR(3) CHARACTER SET latin1 PRIMARY KEY',
    keys: [['中']],
    reason: 'has characters, or bytes, that its charset does not have',
  },
  {
    columns: 'k VARCHAR(3) CHARACTER SET utf8mb4 PRIMARY KEY',
    keys: [['a'], [{ hex: 'ff' }], ['b']],
    reason: 'keys[1][0]: what is asked for the column k has characters, or bytes, that',
  },
  { columns: 'k BINARY(2) PRIMARY KEY', keys: [['abc']], reason: 'has 3 bytes, the column 2' },
  { columns: 'k DATE PRIMARY KEY', keys: [['2026-02-30']], reason: 'is no date or time that the column can hold' },
  { columns: "k ENUM('a') PRIMARY KEY", keys: [['b']], reason: 'is no label of the column' },
  { columns: 'k INT, l INT, PRIMARY KEY (k, l)', keys: [['1', '2'], ['1']], reason: 'keys[1] has 1 part, the key of' },
  { columns: 'k INT', keys: [['1']], reason: 'has no primary key that a part of it could be named by' },
  { columns: 'k TEXT, PRIMARY KEY (k(5))', keys: [['1']], reason: 'has only the beginning of a column' },
];

const asTexts =
  (connection: Connection) =>
  async (sql: string, values: readonly string[] = []): Promise<readonly Row[]> => {
    const [rows] = await connection.query<RowDataPacket[]>({
      sql,
      values: [...values],
      typeCast: (field) => field.string(),
    });
    return rows;
  };

async function versionOf(connection: Connection): Promise<string> {
  const [[row]] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
  return String(row?.['version']);
}

describe.each<MysqlVersion>(['9.7', 'mariadb-10.11'])('%s', (version) => {
  let mysql: MysqlServer;
  let connection: Connection;
  let database: string;
  let sink: Upserts;
  let said: Said[];
  let run: CopyingRelay;
  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
    connection = await connectMysql(mysql);
    database = uniqueName('keys_');
    await connection.query(`SET NAMES utf8mb4; SET SESSION sql_mode = '', time_zone = '+00:00'`);
    await connection.query(
      `CREATE DATABASE ${database}; GRANT SELECT ON ${database}.* TO ${mysql.relayUser}; USE ${database}`,
    );
    said = [];
    sink = new Upserts();
    sink.apply = ({ type, data, copy }, { properties }) => {
      if (copy !== undefined) throw new Error('a mark');
      if (properties.has('copy')) said.push(...(data ?? []).map((row) => ({ type, row })));
    };
    run = new CopyingRelay({
      mysql,
      tables: { include: [`${database}.*`] },
      start: 'latest',
      sink,
      publish: EXACT,
      copying: { atFirstStart: false, maxRows: 3 },
    });
    await run.untilRunning();
  }, 120_000);
  afterAll(async () => {
    await run.stop();
    await connection.end();
    await mysql.remove();
  });

  async function copied(
    table: string,
    part: AskedPart,
  ): Promise<{ readonly said: readonly Said[]; readonly reason: string }> {
    said = [];
    const [copy] = run.relay.copy({ do: 'copy', patterns: [`${database}.${table}`], part });
    await run.untilCopied();
    const ended = run.relay.status().copies.find(({ id }) => id === copy?.id);
    return { said, reason: ended?.tables?.[0]?.reason ?? '' };
  }

  it.each(CASES)('keys of $name', async ({ columns, rows, keys, present, absent }) => {
    const table = uniqueName('t_');
    await connection.query(`CREATE TABLE ${table} (${columns.replace(/ PRIMARY KEY$/, ' PRIMARY KEY')}, v VARCHAR(5))`);
    const names = [...columns.matchAll(/(?:^|, )(\w) /g)].map(([, name]) => name);
    await connection.query(`INSERT INTO ${table} (${[...names, 'v'].join(', ')}) VALUES ${rows}`);
    await connection
      .query(
        `INSERT INTO ${table} (${[...names, 'v'].join(', ')}) VALUES (${names.map(() => "'1'").join(', ')}, 'other')`,
      )
      .catch(() => undefined);
    await run.untilPublished(connection);
    const { said: all, reason } = await copied(table, { keys });
    expect(reason).toBe('');
    expect(
      all
        .filter(({ type }) => type === 'INSERT')
        .map(({ row }) => row['v'])
        .sort(),
    ).toEqual(present);
    const order = (list: readonly object[]): readonly string[] =>
      list.map((each) => JSON.stringify(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
    expect(order(all.filter(({ type }) => type === 'DELETE').map(({ row }) => row))).toEqual(order(absent));
  });

  it.each(REFUSED)('refuses $keys for $columns', async ({ columns, keys, reason }) => {
    const table = uniqueName('t_');
    await connection.query(`CREATE TABLE ${table} (${columns}, v VARCHAR(5))`);
    const outcome = await copied(table, { keys });
    expect(outcome.said).toEqual([]);
    expect(outcome.reason).toContain(reason);
    // What no key names is of the table, not of the keys.
    const isOfTable = /primary key|beginning/.test(reason);
    expect(outcome.reason).toMatch(isOfTable ? /^COPY_TABLE_UNSUPPORTED: / : /^COPY_KEY_INVALID: /);
  });

  it.each([
    ['VARCHAR(10) COLLATE utf8mb4_unicode_ci', 'ABC', 'abc', ['stream INSERT abc', 'copy INSERT abc']],
    ['VARCHAR(10) COLLATE utf8mb4_unicode_ci', 'É', 'é', ['stream INSERT é', 'copy INSERT é']],
    ['VARCHAR(10) COLLATE utf8mb4_unicode_ci', 'ABC', 'abd', ['stream INSERT abd', 'copy DELETE ABC']],
    ['VARCHAR(10) COLLATE utf8mb4_bin', 'ABC', 'abc', ['copy DELETE ABC', 'stream INSERT abc']],
    ['INT', '17', '17', ['stream INSERT 17']],
    ['INT', '17', '18', ['copy DELETE 17', 'stream INSERT 18']],
  ] as const)(
    'of %s the key %s, when %s is inserted between its read and its place in the stream (invariant 19)',
    async (type, asked, inserted, expected) => {
      const table = uniqueName('raced_');
      await connection.query(`CREATE TABLE ${table} (k ${type} PRIMARY KEY)`);
      const all: string[] = [];
      const recorder = new Upserts();
      recorder.apply = ({ type: kind, data }, { properties }) => {
        for (const row of data ?? [])
          all.push(`${properties.has('copy') ? 'copy' : 'stream'} ${kind} ${row['k'] ?? ''}`);
      };
      let reads = 0;
      const raced = new CopyingRelay({
        mysql,
        tables: { include: [`${database}.${table}`] },
        start: 'latest',
        sink: recorder,
        copying: { atFirstStart: false },
        reader: (reader) => ({
          readKeys: async (request) => {
            const chunk = await reader.readKeys(request);
            reads += 1;
            if (reads > 1 || chunk === undefined) return chunk;
            await connection.query(`INSERT INTO ${table} VALUES ('${inserted}')`);
            // As if the end of the binlog had been asked for a little later.
            const { end } = await reader.load();
            return { ...chunk, end };
          },
        }),
      });
      try {
        await raced.untilRunning();
        raced.relay.copy({ do: 'copy', patterns: [`${database}.${table}`], part: { keys: [[asked]] } });
        await raced.untilCopied();
        await raced.untilPublished(connection);
      } finally {
        await raced.stop();
      }
      // Keys that are not equal may be in two lanes.
      const isOneLane = type.endsWith('_ci');
      expect(isOneLane ? all : all.sort()).toEqual(isOneLane ? expected : [...expected].sort());
    },
  );

  it('a key that the table does not have any more is no key of it', async () => {
    await connection.query(
      'CREATE TABLE rekeyed (k INT PRIMARY KEY, l INT NOT NULL); INSERT INTO rekeyed VALUES (1, 2)',
    );
    const asked = {
      do: 'copy',
      patterns: [`${database}.rekeyed`],
      part: { keys: [['1'], ['2'], ['3'], ['4']] },
    } as const;
    const [first] = run.relay.copy(asked);
    run.relay.copy({ do: 'pause', id: first?.id ?? '' });
    await connection.query('ALTER TABLE rekeyed DROP PRIMARY KEY, ADD PRIMARY KEY (l, k)');
    run.relay.copy({ do: 'resume', id: first?.id ?? '' });
    await run.untilCopied();
    const { tables = [] } = run.relay.status().copies.find(({ id }) => id === first?.id) ?? {};
    expect(tables.map(({ state }) => state)).toEqual(['failed']);
    expect(tables[0]?.reason).toMatch(/has another primary key|keys\[0\] has 1 part,/);
  });

  it('reads the rows of a range, and of keys, by the key alone', async () => {
    await connection.query(`CREATE TABLE wide (a INT, b VARCHAR(5) COLLATE utf8mb4_general_ci, PRIMARY KEY (a, b))`);
    const rows = Array.from({ length: 5000 }, (_, i) => `(${i >> 3}, 'k${i & 7}')`);
    await connection.query(`INSERT INTO wide VALUES ${rows.join(', ')}; ANALYZE TABLE wide`);
    const definition = await readDefinition(
      { query: asTexts(connection) },
      parseVersion(await versionOf(connection), ''),
      database,
      'wide',
    );
    if (definition === undefined) throw new Error('no table');
    const selection = { definition, columns: definition.table.columns };
    const key = (a: string, b: string): readonly Buffer[] => [Buffer.from(a), Buffer.from(b)];
    const readBy = async (sql: string): Promise<number> => {
      await connection.query('FLUSH STATUS');
      await connection.query(sql);
      const [status] = await connection.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Handler_read%'");
      return status.reduce((sum, row) => sum + Number(row['Value']), 0);
    };
    const range = { from: key('300', 'K2'), to: key('301', 'k4') };
    expect(await readBy(selectChunk(selection, undefined, 1000, range))).toBeLessThan(30);
    expect(await readBy(selectChunk(selection, key('301', 'k0'), 1000, range))).toBeLessThan(30);
    expect(
      await readBy(selectChunk(selection, undefined, 1000, { from: [Buffer.from('300')], to: [Buffer.from('300')] })),
    ).toBeLessThan(30);
    const keys = Array.from({ length: 100 }, (_, i) => key(String(i * 7), `K${i % 9}`));
    expect(await readBy(selectKeys(selection, keys))).toBeLessThan(500);
    expect(await readBy(selectFound(selection, keys))).toBeLessThan(500);
  });

  it('ranges', async () => {
    await connection.query(
      `CREATE TABLE ranged (b VARCHAR(5) COLLATE utf8mb4_general_ci, a INT, v INT, PRIMARY KEY (a, b))`,
    );
    const rows = Array.from({ length: 40 }, (_, i) => `('${'abcd'[i % 4] ?? ''}', ${i >> 2}, ${i})`);
    await connection.query(`INSERT INTO ranged VALUES ${rows.join(', ')}`);
    await run.untilPublished(connection);
    const of = async (part: AskedPart): Promise<readonly number[]> => {
      const outcome = await copied('ranged', part);
      expect(outcome.reason).toBe('');
      return outcome.said.map(({ row }) => Number(row['v'])).sort((a, b) => a - b);
    };
    const numbers = (from: number, to: number): readonly number[] =>
      Array.from({ length: to - from + 1 }, (_, i) => from + i);
    expect(await of({ from: ['2', 'B'], to: ['4', 'c'] })).toEqual(numbers(9, 18));
    expect(await of({ from: ['8'] })).toEqual(numbers(32, 39));
    expect(await of({ to: ['01'] })).toEqual(numbers(0, 7));
    expect(await of({ from: ['3'], to: ['3'] })).toEqual(numbers(12, 15));
    expect(await of({ from: ['3'], to: ['2'] })).toEqual([]);
    expect((await copied('ranged', { from: ['x'] })).reason).toContain(
      'between.from[0]: what is asked for the column a is no whole number',
    );
    expect((await copied('ranged', { to: ['1', 'b', '2'] })).reason).toContain('between.to has 3 parts');
  });
});
