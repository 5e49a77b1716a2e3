/**
 * The oracle of src/binlog/rows/selected.ts: random rows of all types and charsets go into random tables of real
 * servers; their row images come back from the binlog, the same rows from a SELECT, and every value must be written the
 * same of both.
 *
 * SELECTED_SEED repeats a run, with the SELECTED_ROWS, of each server, that it had.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoted } from '../../../src/mysql/quoted.ts';
import { MARIADB_VERSIONS, type MysqlAddress } from '../../../dev/servers/servers.ts';
import { RelayError } from '../../../src/base/errors.ts';
import { timeZoneOf } from '../../../src/base/time-zone.ts';
import type { Column, ColumnCodec, Table, WriteText } from '../../../src/binlog/binlog.ts';
import { readFormatDescription } from '../../../src/binlog/events/format-description.ts';
import { columnCodec, mysqlTypeOf, valueSize, type CodecOptions } from '../../../src/binlog/rows/columns.ts';
import { compileLocate, type LocateValues } from '../../../src/binlog/rows/row-compiler.ts';
import { newRowsHeader, readRowsHeader, rowsKind } from '../../../src/binlog/rows/rows.ts';
import { selectedCodec, selectedExpression } from '../../../src/binlog/rows/selected.ts';
import { readTableMap } from '../../../src/binlog/tables/table-map.ts';
import { CHECKSUM_BYTES } from '../../../src/binlog/wire/checksum.ts';
import { eventType } from '../../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../../src/binlog/wire/event-types.ts';
import { captureEvents } from '../../support/capture-binlog.ts';
import { readAlphabets } from '../../support/round-trip/alphabets.ts';
import { hex, type ColumnKind } from '../../support/round-trip/column-kind.ts';
import { Random } from '../../support/round-trip/random.ts';
import { randomTable, sourceTable, type ServerKinds, type TestTable } from '../../support/round-trip/tables.ts';
import { randomInserts } from '../../support/round-trip/workload.ts';
import { connectMysql, sharedMysql, uniqueName } from '../../support/servers.ts';
import { startOtherServers, type OtherServers } from '../../support/other-servers.ts';

const SEED = process.env['SELECTED_SEED'] ?? String(Date.now());
const ROWS = Number(process.env['SELECTED_ROWS'] ?? 8_000);
const TIMEOUT_MS = 240_000 + 20 * ROWS;
const TABLES_A_ROUND = 8;
const ROWS_A_ROUND = 2_500;
const SESSION = `SET NAMES utf8mb4; SET character_set_results = binary, time_zone = '+00:00', sql_mode = ''`;

const OPTIONS: readonly CodecOptions[] = [
  {},
  { invalidText: () => undefined, timeZone: timeZoneOf('Europe/Berlin') },
  { invalidText: 'empty', binary: 'latin1', timeZone: timeZoneOf('-03:30') },
];

const newest = sharedMysql();
let others: OtherServers;

beforeAll(async () => {
  others = await startOtherServers();
}, 300_000);

afterAll(() => others.remove());

/** What the random tables of the round trip do not have, since a copy cannot keep it, or keeps it as another type. */
function oddTable(random: Random, isMariadb: boolean): TestTable {
  const kind = (sql: string, value: (r: Random) => string): ColumnKind => ({
    sql,
    rowBytes: 8,
    exact: (name) => name,
    value,
  });
  const float = (r: Random): string =>
    r.pick(['0', '-0e0', '-1e-9', '0.0005', String((r.fraction() - 0.5) * 10 ** r.int(-6, 12))]);
  const decimal = (r: Random): string =>
    r.pick(['0', '-0.00', '0.05', '-0.04', '-0.001', String(r.int(0, 99_999_999) / 100)]);
  // ENUM and SET by number; 1 or its bit is the empty label.
  const all = (1n << 64n) - 1n;
  const labels = (count: number): string =>
    Array.from({ length: count }, (_, i) => `'${i === 0 ? '' : `l${i}`}'`).join();
  const kinds = [
    ...['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'INT(3)', 'BIGINT'].map((sql) =>
      kind(`${sql} ZEROFILL`, (r) => r.pick(['0', '1', '10', '127', String(r.int(0, 2 ** 32))])),
    ),
    kind('DECIMAL(12,2) ZEROFILL', decimal),
    kind('DECIMAL(9,0) ZEROFILL', decimal),
    kind('DECIMAL(5,5) ZEROFILL', decimal),
    kind('DECIMAL(20,4) UNSIGNED', decimal),
    ...['FLOAT(7,2)', 'FLOAT(30,0)', 'FLOAT ZEROFILL', 'FLOAT(9,2) ZEROFILL', 'FLOAT(20)', 'DOUBLE(8,2)', 'DOUBLE(30,0)', 'DOUBLE ZEROFILL', 'DOUBLE(12,3) ZEROFILL', 'FLOAT', 'DOUBLE'].map(
      (sql) => kind(sql, float),
    ),
    kind(`ENUM(${labels(3)})`, (r) => String(r.int(0, 3))),
    kind(`ENUM(${labels(300)})`, (r) => String(r.int(0, 300))),
    kind(`SET(${labels(3)})`, (r) => String(r.int(0, 7))),
    kind(`SET(${labels(64)})`, (r) => String(r.chance(0.3) ? r.pick([all, 1n << 63n, 2n ** 53n + 1n]) : r.bits(64))),
    kind("SET('a','b') CHARACTER SET binary", (r) => String(r.int(0, 3))),
    // Bytes of which no text can be made.
    kind('VARCHAR(9) CHARACTER SET hebrew', (r) => `_hebrew ${hex(r.bytes(r.int(0, 9)))}`),
    kind('CHAR(9) CHARACTER SET greek', (r) => `_greek ${hex(r.bytes(r.int(0, 9)))}`),
    kind('TEXT CHARACTER SET cp1250', (r) => `_cp1250 ${hex(r.bytes(r.int(0, 9)))}`),
    kind('BINARY(4)', (r) => hex(r.bytes(r.int(0, 4)))),
    kind('BINARY(16)', (r) => hex(Buffer.concat([r.bytes(r.int(0, 12)), Buffer.alloc(r.int(0, 4))]))),
    kind('VARBINARY(16)', (r) => hex(r.bytes(r.int(0, 16)))),
    // Of all versions of a UUID; a NULL becomes an empty document under an empty sql_mode.
    ...(isMariadb
      ? [kind('UUID', (r) => `CAST(${hex(r.bytes(16))} AS UUID)`)]
      : [kind('JSON NOT NULL', (r) => r.pick(['NULL', "'1'", "JSON_ARRAY(x'0102')"]))]),
  ]; // prettier-ignore
  return {
    name: 'odd',
    columns: kinds.map((each, i) => ({
      name: `c ${i}`,
      kind: { ...each, sql: each.sql.replace(' NOT NULL', '') },
      isNullable: !each.sql.includes('NOT NULL') && random.chance(0.5),
      isInvisible: false,
      generated: undefined,
    })),
    key: [],
    isPartitioned: false,
  };
}

interface Counts {
  rounds: number;
  tables: number;
  rows: number;
  /** Values that are not NULL; each is written six times. */
  values: number;
  /** Of these writings those with an error in place of a text, the same of both. */
  refused: number;
  types: number;
}

async function compareRounds(address: MysqlAddress, kinds: Omit<ServerKinds, 'alphabets'>): Promise<Counts> {
  const counts: Counts = { rounds: 0, tables: 0, rows: 0, values: 0, refused: 0, types: 0 };
  const types = new Set<string>();
  const writer = await connectMysql(address, { database: 'mysql' });
  const reader = await connectMysql(address);
  try {
    await reader.query(SESSION);
    await writer.query('SET SESSION sql_log_bin = 0');
    const alphabets = await readAlphabets(writer, new Random(`${SEED} alphabets`));
    await writer.query(`SET NAMES utf8mb4; SET SESSION sql_log_bin = 1, sql_mode = '', time_zone = '+00:00'`);
    for (let left = ROWS; left > 0; left -= ROWS_A_ROUND) {
      const random = new Random(`${SEED} ${counts.rounds}`);
      const database = uniqueName('selected_');
      await writer.query(`CREATE DATABASE ${database}`);
      const tables = [
        oddTable(random.fork('odd'), kinds.isMariadb),
        ...random.list(TABLES_A_ROUND - 1, (i) => randomTable(random.fork(i), i, { alphabets, ...kinds })),
      ];
      for (const table of tables) await writer.query(sourceTable(database, table));
      const rows = Math.ceil(Math.min(left, ROWS_A_ROUND) / tables.length);
      const events = await captureEvents(address, writer, async () => {
        for (const table of tables)
          for (const statement of randomInserts(random, database, table, rows)) await writer.query(statement);
      });
      for (const captured of capturedRows(events, database)) {
        const [answer] = await reader.query({
          sql: selectOf(captured.table),
          rowsAsArray: true,
          typeCast: (field: { buffer(): Buffer | null }) => field.buffer(),
        });
        compareTable(captured, answer as unknown as (Buffer | null)[][], counts);
        for (const column of captured.table.columns) types.add(mysqlTypeOf(column));
        counts.tables += 1;
      }
      await writer.query(`DROP DATABASE ${database}`);
      counts.rounds += 1;
    }
  } finally {
    await writer.end();
    await reader.end();
  }
  return { ...counts, types: types.size };
}

/** mysql2 takes no column of the name `__proto__`. */
function selectOf({ database, name, columns }: Table): string {
  const list = columns.map((column) => `${selectedExpression(column, quoted(column.name))} AS c${column.index}`);
  return `SELECT ${list.join(', ')} FROM ${quoted(database)}.${quoted(name)}`;
}

/** One row image: where the value of each column stands in `event`, two numbers a column; -1 for NULL. */
interface Image {
  readonly event: Buffer;
  readonly ranges: Int32Array;
}

interface Captured {
  readonly table: Table;
  readonly locate: LocateValues;
  /** By the text of their first column, `n`. */
  readonly images: Map<string, Image>;
}

function capturedRows(events: readonly Buffer[], database: string): Captured[] {
  const byName = new Map<string, Captured>();
  const byId = new Map<number, Captured>();
  const header = newRowsHeader();
  let version = 0;
  for (const event of events) {
    const end = event.length - CHECKSUM_BYTES;
    const type = eventType(event, 0);
    if (type === EVENT.FORMAT_DESCRIPTION) version = readFormatDescription(event, 0, event.length).versionNumber;
    if (type === EVENT.TABLE_MAP) {
      const table = readTableMap(event, 0, end, version);
      if (table.database !== database) continue;
      const known = byName.get(table.name) ?? { table, locate: locateAll(table), images: new Map<string, Image>() };
      byName.set(table.name, known);
      byId.set(event.readUIntLE(19, 6), known);
    } else if (rowsKind(type) === 'insert') {
      readRowsHeader(event, 0, end, header);
      const into = byId.get(header.tableId);
      if (into === undefined) continue;
      const { columns } = into.table;
      for (let p = header.rows; p < end;) {
        const ranges = new Int32Array(2 * columns.length);
        into.locate(event, p, ranges);
        into.images.set(String(event.readInt32LE(ranges[0])), { event, ranges });
        p = Math.max(p + ((columns.length + 7) >> 3), ...ranges);
        expect(p).toBeLessThanOrEqual(end);
      }
    }
  }
  return [...byName.values()];
}

function locateAll({ columns }: Table): LocateValues {
  const rowColumns = columns.map((column) => ({ column, size: valueSize(column), codec: undefined }));
  return compileLocate(
    rowColumns,
    columns.map(({ index }) => index),
  );
}

function compareTable({ table, images }: Captured, rows: readonly (Buffer | null)[][], counts: Counts): void {
  expect(rows).toHaveLength(images.size);
  const pairs = table.columns.map((column) => OPTIONS.map((options) => codecPair(column, options)));
  for (const row of rows) {
    const image = images.get(row[0]?.toString() ?? '');
    if (image === undefined) throw new Error(`${table.name} has a row that is not in the binlog`);
    for (const column of table.columns) {
      const shown = row[column.index];
      const start = image.ranges[2 * column.index] ?? -1;
      if (start < 0 || shown === null || shown === undefined) {
        if (start >= 0 || shown !== null) throw new Error(`${table.name}.${column.name}: only one is NULL`);
        continue;
      }
      const value = { b: image.event, p: start, e: image.ranges[2 * column.index + 1] ?? 0 };
      counts.values += 1;
      for (const [option, { binlog, selected }] of (pairs[column.index] ?? []).entries())
        for (const form of ['text', 'json'] as const) {
          const expected = written(OUTS.binlog, binlog[form], value);
          const got = written(OUTS.selected, selected[form], { b: shown, p: 0, e: shown.length });
          if (typeof expected === 'string') counts.refused += 1;
          if (isEqual(expected, got)) continue;
          throw new Error(
            `${table.name}, row ${row[0]?.toString() ?? ''}, ${column.name}, a ${mysqlTypeOf(column)}, ${form} under options ${option}: ` +
              `${String(expected)} in the binlog, ${String(got)} selected as ${selectedExpression(column, 'c')}, ${shown.toString('latin1')}; ` +
              `image ${image.event.toString('hex', value.p, value.e)}`,
          );
        }
    }
    counts.rows += 1;
  }
}

function codecPair(
  column: Column,
  options: CodecOptions,
): { readonly binlog: ColumnCodec; readonly selected: ColumnCodec } {
  return { binlog: columnCodec(column, options), selected: selectedCodec(column, options) };
}

interface Out {
  bytes: Buffer;
}
const OUTS: Record<'binlog' | 'selected', Out> = {
  binlog: { bytes: Buffer.alloc(1 << 16) },
  selected: { bytes: Buffer.alloc(1 << 16) },
};

/** The bytes, or the code of what was thrown. */
function written(
  out: Out,
  write: WriteText,
  { b, p, e }: { readonly b: Buffer; readonly p: number; readonly e: number },
): Buffer | string {
  try {
    let end = write(out.bytes, 0, b, p, e);
    if (end > out.bytes.length) {
      out.bytes = Buffer.alloc(2 * end);
      end = write(out.bytes, 0, b, p, e);
    }
    return out.bytes.subarray(0, end);
  } catch (error) {
    if (error instanceof RelayError) return error.code;
    throw error;
  }
}

const isEqual = (a: Buffer | string, b: Buffer | string): boolean =>
  typeof a === 'string' || typeof b === 'string' ? a === b : a.equals(b);

async function expectEqual(address: MysqlAddress, kinds: Omit<ServerKinds, 'alphabets'>): Promise<void> {
  const repeat = `SELECTED_SEED=${SEED} SELECTED_ROWS=${ROWS}`;
  const startMs = performance.now();
  const counts = await compareRounds(address, kinds).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nrepeat with ${repeat}`);
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`selected ${address.version} ${JSON.stringify(counts)} in ${seconds} s; ${repeat}`);
  expect(counts.rows).toBeGreaterThan(ROWS / 2);
}

test(
  'a row of MySQL 9.7 is the same of a SELECT as of the binlog',
  () => expectEqual(newest, { isModern: true, isMariadb: false, hasGenerated: true }),
  TIMEOUT_MS,
);

test(
  'a row of MySQL 8.0.12 is the same of a SELECT as of the binlog',
  () => expectEqual(others.oldest, { isModern: false, isMariadb: false, hasGenerated: true }),
  TIMEOUT_MS,
);

test.each(MARIADB_VERSIONS)(
  'a row of %s is the same of a SELECT as of the binlog',
  (version) => {
    const mariadb = others.mariadbs[MARIADB_VERSIONS.indexOf(version)];
    if (mariadb === undefined) throw new Error(`${version} was not started`);
    return expectEqual(mariadb, { isModern: false, isMariadb: true, hasGenerated: true });
  },
  TIMEOUT_MS,
);
