/**
 * zongji's own decoder reads the same events, and says the same wherever it is right: a second opinion on every column
 * type and kind of row. Where it is wrong is a list, each entry with what MySQL says; an entry that is not wrong any
 * more fails.
 */
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { MessageBody } from '../../support/replay.ts';
import { captureEvents } from '../../support/capture-binlog.ts';
import { TestFlow } from '../../support/flow.ts';
import { readAlphabets } from '../../support/round-trip/alphabets.ts';
import { Random } from '../../support/round-trip/random.ts';
import { randomTable, sourceTable, type TestTable } from '../../support/round-trip/tables.ts';
import { randomTransactions, sqlOf } from '../../support/round-trip/workload.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../../support/servers.ts';
import { oracleChanges, type OracleChange, type OracleRow } from '../../support/zongji-oracle.ts';

type OurRow = Readonly<Record<string, string | null>>;

interface OurChange {
  readonly body: MessageBody;
  readonly after: OurRow;
  readonly before: OurRow | undefined;
}

const SEED = process.env['ROUND_TRIP_SEED'] ?? String(Date.now());
const TABLES = 24;
const ROWS = 2_000;
/** Where its tables are MySQL's. */
const CHARSETS = new Set(['utf8mb4', 'utf8mb3', 'ascii', 'ucs2', 'utf16', 'utf16le', 'utf32']);

let database: FreshDatabase;
let connection: Connection;

beforeAll(async () => {
  // It complains of every value in a charset that it does not have.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  database = await freshDatabase({ prefix: 'oracle' });
  connection = database.connection;
  await connection.query("SET SESSION sql_mode = '', time_zone = '+00:00'");
});

afterAll(async () => {
  vi.restoreAllMocks();
  await database.drop();
});

async function ourChanges(events: readonly Buffer[]): Promise<OurChange[]> {
  const flow = new TestFlow({ ordering: 'total', include: [`${database.name}.*`] });
  flow.read(events.map((bytes) => ({ name: '', bytes })));
  await flow.drain();
  return flow.bodies().flatMap((body) =>
    body.data.map((after, i) => ({
      body,
      after,
      before: body.old === null ? undefined : { ...after, ...body.old[i] },
    })),
  );
}

describe('zongji', () => {
  it('reads the same rows as we do', { timeout: 60_000 }, async () => {
    const random = new Random(SEED);
    const tables = await randomTables(random);
    const events = await captureEvents(sharedMysql(), connection, async () => {
      for (const { operations, end } of randomTransactions(random.fork('transactions'), tables, ROWS, {
        isModern: true,
        isMariadb: false,
      })) {
        await connection.query('BEGIN');
        for (const operation of operations) {
          const table = tables[operation.table];
          if (table !== undefined) await connection.query(sqlOf(database.name, table, operation) ?? 'DO 0');
        }
        await connection.query(end);
      }
    });
    const ours = await ourChanges(events);
    const theirs = oracleChanges(events);
    expect(theirs.errors).toEqual([]);
    expect(theirs.changes.map(({ table, kind }) => `${kind} ${table}`)).toEqual(
      ours.map(({ body }) => `${body.type.toLowerCase()} ${body.table}`),
    );
    const differences = ours.flatMap((change, i) => differencesOf(change, theirs.changes[i]));
    expect(differences.slice(0, 3), `ROUND_TRIP_SEED=${SEED}`).toEqual([]);
    expect(ours.length).toBeGreaterThan(ROWS / 4);
  });

  it.each<[what: string, type: string, value: string, mysql: string, zongji: unknown]>([
    ['the year 0', 'YEAR', '0', '0000', 1900],
    ['the value of an ENUM that is no label', "ENUM('a')", '0', '', undefined],
    ['negative times of whole minutes', 'TIME', "'-01:02:00'", '-01:02:00', '-01:01:64'],
    ['the same with a fraction', 'TIME(3)', "'-01:00:00'", '-01:00:00.000', '-00:63:64.000'],
    ['the controls of latin1', 'VARCHAR(9) CHARACTER SET latin1', "x'81'", '\u0081', '\ufffd'],
    ['text in dec8', 'VARCHAR(9) CHARACTER SET dec8', "x'e9'", 'é', Buffer.of(0xe9)],
    ['whole doubles in JSON', 'JSON', "'[1.0]'", '[1.0]', '[1]'],
    ['large doubles in JSON', 'JSON', "'[1e16]'", '[1e16]', '[10000000000000000]'],
    ['decimals in JSON', 'JSON', 'JSON_ARRAY(1.10)', '[1.10]', '["1.10"]'],
    ['a key of JSON called __proto__', 'JSON', '\'{"__proto__": 1}\'', '{"__proto__": 1}', '{}'],
    ['the order of keys in JSON', 'JSON', '\'{"b": 1, "10": 2}\'', '{"b": 1, "10": 2}', '{"10": 2, "b": 1}'],
    [
      'long bytes in JSON',
      'JSON',
      "JSON_ARRAY(REPEAT(x'61', 58))",
      `["base64:type15:${'YWFh'.repeat(19)}\\nYQ=="]`,
      `["base64:type15:${'YWFh'.repeat(19)}YQ=="]`,
    ],
  ])('is wrong about %s', async (_what, type, value, mysql, zongji) => {
    const events = await inserted(`c ${type}`, value);
    const [ours] = await ourChanges(events);
    const [rows] = await connection.query({ sql: 'SELECT CONCAT(c) FROM wrong', rowsAsArray: true });
    expect(rows).toEqual([[mysql]]);
    expect(ours?.after['c']).toBe(mysql);
    expect(oracleChanges(events).changes[0]?.after['c']).toEqual(zongji);
  });

  it('loses the SRID of a geometry', async () => {
    const events = await inserted('c POINT, d POINT', 'ST_SRID(POINT(1, 2), 3857), POINT(1, 2)');
    const [ours] = await ourChanges(events);
    expect(ours?.after['c']).not.toBe(ours?.after['d']);
    expect(oracleChanges(events).changes[0]?.after).toEqual({ c: { x: 1, y: 2 }, d: { x: 1, y: 2 } });
  });

  it('loses the value of a column called __proto__', async () => {
    const events = await inserted('`__proto__` INT', '7');
    const [ours] = await ourChanges(events);
    expect(Object.entries(ours?.after ?? {})).toEqual([['__proto__', '7']]);
    expect(Object.entries(oracleChanges(events).changes[0]?.after ?? {})).toEqual([]);
  });

  it('does not understand the table map of a VECTOR', async () => {
    const events = await inserted('c VECTOR(3)', "TO_VECTOR('[1,2,3]')");
    expect(await ourChanges(events)).toHaveLength(1);
    expect(oracleChanges(events)).toEqual({ changes: [], errors: ['no column names of wrong'] });
  });

  it.each([
    ['a compressed transaction', 'binlog_transaction_compression = ON', 'binlog_transaction_compression = OFF'],
    ['differences of JSON', "binlog_row_value_options = 'PARTIAL_JSON'", "binlog_row_value_options = ''"],
  ])('loses %s', async (_what, on, off) => {
    await inserted('c JSON', `JSON_OBJECT('a', 1, 'b', REPEAT('x', 100))`);
    const events = await captureEvents(sharedMysql(), connection, async () => {
      await connection.query(`SET SESSION ${on}; UPDATE wrong SET c = JSON_SET(c, '$.a', 2); SET SESSION ${off}`);
    });
    const ours = await ourChanges(events);
    expect(ours.map(({ body }) => body.type)).toEqual(['UPDATE']);
    expect(ours[0]?.after['c']).toMatch(/^\{"a": 2, /);
    expect(oracleChanges(events).changes).toEqual([]);
  });
});

/** The events of a table with `columns` that takes one row. */
function inserted(columns: string, values: string): Promise<Buffer[]> {
  return captureEvents(sharedMysql(), connection, async () => {
    await connection.query(
      `DROP TABLE IF EXISTS wrong; CREATE TABLE wrong (${columns}); INSERT INTO wrong VALUES (${values})`,
    );
  });
}

/** Tables without what it can read nothing of: VECTOR, and values in JSON that are not JSON's own. */
async function randomTables(random: Random): Promise<readonly TestTable[]> {
  await connection.query('SET SESSION sql_log_bin = 0');
  const alphabets = (await readAlphabets(connection, random.fork('alphabets'))).filter(({ charset }) =>
    CHARSETS.has(charset),
  );
  await connection.query('SET SESSION sql_log_bin = 1');
  const tables = random
    .list(TABLES, (i) =>
      randomTable(random.fork(`table ${i}`), i, { alphabets, isModern: true, isMariadb: false, hasGenerated: true }),
    )
    .filter(({ columns }) => columns.every(({ kind }) => kind.copySql === undefined && !kind.sql.startsWith('VECTOR')));
  for (const table of tables) await connection.query(sourceTable(database.name, table));
  return tables;
}

function differencesOf({ body, after, before }: OurChange, theirs: OracleChange | undefined): object[] {
  const images: [OurRow, OracleRow | undefined][] = [[after, theirs?.after]];
  if (before !== undefined) images.push([before, theirs?.before]);
  return images.flatMap(([ours, image]) =>
    Object.entries(ours).flatMap(([name, text]) => {
      const type = body.mysqlType[name] ?? '';
      const value = image?.[name];
      const isSame =
        name === '__proto__' || (text === null ? value === null : isKnownWrong(type, text) || says(type, text, value));
      return isSame ? [] : [{ name, type, ours: text, zongji: value }];
    }),
  );
}

/** The entries of the list above that depend on the value. */
function isKnownWrong(type: string, text: string): boolean {
  if (type.startsWith('year')) return text === '0000';
  if (type.startsWith('enum')) return text === '';
  if (/^time\b/.test(type)) return /^-.*:00(\.0+)?$/.test(text);
  return type.startsWith('json') && text.includes('__proto__');
}

function says(type: string, text: string, value: unknown): boolean {
  if (type.startsWith('float')) return Object.is(Math.fround(Number(text)), value);
  if (type.startsWith('double')) return Object.is(Number(text), value);
  if (type.startsWith('json')) return typeof value === 'string' && isSameJson(JSON.parse(text), JSON.parse(value));
  if (Buffer.isBuffer(value))
    return type.startsWith('bit')
      ? BigInt(`0x${value.toString('hex')}`) === BigInt(text)
      : value.toString('base64') === text;
  if (typeof value === 'object' && value !== null) return isSameJson(shapeOf(Buffer.from(text, 'base64')), value);
  return (typeof value === 'string' || typeof value === 'number') && String(value) === text;
}

/** Whatever the order of keys. */
function isSameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null)
    return Object.is(a, b) || (a === 0 && b === 0);
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return left.size === right.size && [...left].every(([key, value]) => isSameJson(value, right.get(key)));
}

/** A geometry as MySQL keeps it, an SRID and little-endian WKB, in the form that zongji has for it. */
function shapeOf(bytes: Buffer): unknown {
  let at = 4;
  const u32 = (): number => bytes.readUInt32LE((at += 4) - 4);
  const double = (): number => bytes.readDoubleLE((at += 8) - 8);
  const point = (): object => ({ x: double(), y: double() });
  const list = (item: () => unknown): unknown[] => Array.from({ length: u32() }, item);
  const shape = (): unknown => {
    at += 1;
    const type = u32();
    if (type === 1) return point();
    if (type === 2) return list(point);
    return type === 3 ? list(() => list(point)) : list(shape);
  };
  return shape();
}
