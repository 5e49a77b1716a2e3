/**
 * What we read of a table map against what the server itself says of the table, for tables of every column type in many
 * orders: a column that is wrongly counted, or not, shifts signs, charsets or labels of all after it.
 */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import type { Column, Table } from '../../../src/binlog/binlog.ts';
import { CHECKSUM_BYTES } from '../../../src/binlog/wire/checksum.ts';
import { eventType } from '../../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../../src/binlog/wire/event-types.ts';
import { readFormatDescription } from '../../../src/binlog/events/format-description.ts';
import { readTableMap } from '../../../src/binlog/tables/table-map.ts';
import { codeOf } from '../../support/binlog-fixture.ts';
import { captureSql } from '../../support/capture-binlog.ts';
import { EVERY_TYPE } from '../../support/every-type.ts';
import { connectMysql } from '../../support/servers.ts';

const KEYS = ['', 'PRIMARY KEY (k1, k2)', 'PRIMARY KEY (k2(5), k3(7), k1)'];

interface ServerColumn extends RowDataPacket {
  readonly COLUMN_NAME: string;
  readonly COLUMN_TYPE: string;
  readonly DATA_TYPE: string;
  readonly IS_NULLABLE: string;
  readonly COLLATION_ID: number | null;
}

describe.each([
  { version: '9.7', extra: ['VECTOR(3)', "ENUM('é','中','ß') CHARACTER SET utf8mb4", 'VECTOR(16000)'] },
  { version: '8.0', extra: [] },
] as const)('table maps of MySQL $version', ({ version, extra }) => {
  let server: MysqlServer;
  let connection: Connection;
  beforeAll(async () => {
    server = await startMysql({ version, own: true, progress: () => undefined });
    connection = await connectMysql(server);
    await connection.query("CREATE DATABASE tm; SET GLOBAL sql_mode = ''");
  }, 600_000);
  afterAll(async () => {
    await connection.end();
    await server.remove();
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('says the same as information_schema: order %i', async (seed) => {
    const name = `t${seed}`;
    const definitions = shuffled([...EVERY_TYPE, ...extra, ...extra], seed).map((type, i) => `c${i} ${type}`);
    const keys = [
      'k1 INT UNSIGNED NOT NULL',
      "k2 VARCHAR(20) CHARACTER SET latin1 NOT NULL DEFAULT ''",
      'k3 BLOB NOT NULL',
    ];
    for (const [i, key] of keys.entries()) definitions.splice((seed * (i + 3) * 7) % definitions.length, 0, key);
    const columns = [...definitions, KEYS[seed % KEYS.length] ?? ''].filter((part) => part !== '');
    const events = await captureSql(
      server,
      `CREATE TABLE tm.${name} (${columns.join(', ')});\nINSERT INTO tm.${name} (k1) VALUES (1);\n`,
    );
    const table = tableOf(events);

    expect([table.database, table.name]).toEqual(['tm', name]);
    expect(table.columns.map((column) => ours(column, version))).toEqual(
      (await serverColumns(connection, name)).map((column) => theirs(column, version)),
    );
    expect(table.primaryKey.map(({ column, prefix }) => [column.name, prefix])).toEqual(
      await serverKey(connection, name),
    );
  });

  it('takes labels in the charset of their column, and refuses them where the server does not log it', async () => {
    const events = await captureSql(
      server,
      `CREATE TABLE tm.labels (a ENUM('é','ü') CHARACTER SET latin1, b SET('中') CHARACTER SET gbk, c ENUM('中') CHARACTER SET ucs2);
       INSERT INTO tm.labels VALUES ();\n`,
    );
    const labels = (): string[][] =>
      tableOf(events).columns.map((column) => column.labels.map((label) => label.toString('hex')));
    if (version === '8.0') expect(codeOf(labels)).toBe('BINLOG_UNSUPPORTED');
    else expect(labels()).toEqual([['e9', 'fc'], ['d6d0'], ['4e2d']]);
  });
});

function tableOf(events: readonly Buffer[]): Table {
  const format = events.find((event) => eventType(event, 0) === EVENT.FORMAT_DESCRIPTION);
  const map = events.find((event) => eventType(event, 0) === EVENT.TABLE_MAP);
  if (format === undefined || map === undefined) throw new Error('no table map was captured');
  const { versionNumber } = readFormatDescription(format, 0, format.length);
  return readTableMap(map, 0, map.length - CHECKSUM_BYTES, versionNumber);
}

/** Fisher-Yates with a small generator of its own: the same order for the same seed. */
function shuffled(items: readonly string[], seed: number): string[] {
  const order = [...items];
  let state = seed;
  for (let i = order.length - 1; i > 0; i--) {
    state = (state * 48_271) % 0x7fffffff;
    const k = state % (i + 1);
    [order[i], order[k]] = [order[k] ?? '', order[i] ?? ''];
  }
  return order;
}

interface Compared {
  readonly name: string;
  readonly nullable: boolean;
  readonly unsigned: boolean;
  readonly collation: number;
  readonly labels: string;
}

function ours(column: Column, version: string): Compared {
  const { name, nullable, unsigned, collation } = column;
  const isLabelled = column.labels.length > 0;
  const labels = column.labels.map((label) => `'${label.toString('utf8').replaceAll("'", "''")}'`).join(',');
  return { name, nullable, unsigned, collation: isLabelled && version === '8.0' ? 0 : collation, labels };
}

function theirs(column: ServerColumn, version: string): Compared {
  const [, labels = ''] = /^(?:enum|set)\((.*)\)$/.exec(column.COLUMN_TYPE) ?? [];
  const isBinary = /^(binary|varbinary|tinyblob|blob|mediumblob|longblob)$/.test(column.DATA_TYPE);
  return {
    name: column.COLUMN_NAME,
    nullable: column.IS_NULLABLE === 'YES',
    unsigned: column.COLUMN_TYPE.includes('unsigned'),
    collation: labels !== '' && version === '8.0' ? 0 : isBinary ? 63 : (column.COLLATION_ID ?? 0),
    labels,
  };
}

async function serverColumns(connection: Connection, table: string): Promise<ServerColumn[]> {
  const [rows] = await connection.query<ServerColumn[]>(
    `SELECT c.COLUMN_NAME, c.COLUMN_TYPE, c.DATA_TYPE, c.IS_NULLABLE, l.ID AS COLLATION_ID FROM information_schema.columns c
     LEFT JOIN information_schema.collations l ON l.COLLATION_NAME = c.COLLATION_NAME
     WHERE c.TABLE_SCHEMA = 'tm' AND c.TABLE_NAME = ? ORDER BY c.ORDINAL_POSITION`,
    [table],
  );
  return rows;
}

async function serverKey(connection: Connection, table: string): Promise<unknown[]> {
  const [rows] = await connection.query<RowDataPacket[][]>({
    sql: `SELECT COLUMN_NAME, COALESCE(SUB_PART, 0) FROM information_schema.statistics
          WHERE TABLE_SCHEMA = 'tm' AND TABLE_NAME = ? AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`,
    values: [table],
    rowsAsArray: true,
  });
  return rows;
}
