import { describe, expect, it } from 'vitest';
import type { Table } from '../../../src/binlog/binlog.ts';
import { TYPE } from '../../../src/binlog/wire/column-types.ts';
import { flinkTable, flinkTypeOf, type FlinkTableOptions } from '../../../src/format/flink-table.ts';
import { columnOf } from '../../support/columns.ts';
import { varcharColumn } from '../../support/row-images.ts';

const OPTIONS: FlinkTableOptions = {
  excludes: () => false,
  zeroDates: false,
  binary: 'base64',
  timeZone: 'UTC',
  nameServer: 'rocketmq.example:9876',
  topic: 'order-binlog',
  group: 'flink',
  format: 'canal-json',
};

const id = columnOf(TYPE.LONGLONG, { index: 0, name: 'id', unsigned: true, nullable: false });
const amount = columnOf(TYPE.NEWDECIMAL, { index: 1, name: 'amount', meta: (65 << 8) | 30 });
const note = varcharColumn(2, 'it`s');
const table: Table = {
  database: 'shop',
  name: 'orders',
  columns: [id, amount, note],
  primaryKey: [{ column: id, prefix: 0 }],
};

describe('flinkTable', () => {
  it('prints a table whose types hold every value, and what to know of them', () => {
    expect(flinkTable(table, OPTIONS)).toBe(`-- shop.orders, as binlog-relay publishes it.
CREATE TABLE \`orders\` (
  \`id\` DECIMAL(20, 0) NOT NULL, -- bigint unsigned
  \`amount\` STRING, -- decimal(65,30): its text, since DECIMAL has 38 digits in Flink
  \`it\`\`s\` STRING, -- varchar(300)
  PRIMARY KEY (\`id\`) NOT ENFORCED
) WITH (
  'connector' = 'binlog-relay',
  'name-server' = 'rocketmq.example:9876',
  'topic' = 'order-binlog',
  'group' = 'flink',
  'table' = 'shop.orders',
  'format' = 'canal-json'
);
`);
  });

  it('leaves out what is not published, and says when no key is left', () => {
    const text = flinkTable(table, { ...OPTIONS, excludes: (name) => name === 'id' });
    expect(text).not.toContain('PRIMARY');
    expect(text).toContain('-- It has no primary key');
    expect(text).toContain('  `it``s` STRING -- varchar(300)\n) WITH (');
  });

  it('writes names so that SQL reads them back', () => {
    const text = flinkTable({ ...table, database: "o'shop", name: 'a;b\nc' }, OPTIONS);
    expect(text).toContain("-- o'shop.a;b c, as");
    expect(text).toContain(`'table' = '"o''shop.a;b\nc"'`);
  });
});

describe('flinkTypeOf', () => {
  it.each([
    ['tinyint', 'TINYINT'],
    ['tinyint unsigned', 'SMALLINT'],
    ['smallint', 'SMALLINT'],
    ['smallint unsigned', 'INT'],
    ['mediumint', 'INT'],
    ['mediumint unsigned', 'INT'],
    ['int', 'INT'],
    ['int unsigned', 'BIGINT'],
    ['bigint', 'BIGINT'],
    ['bigint unsigned', 'DECIMAL(20, 0)'],
    ['decimal(12,2)', 'DECIMAL(12, 2)'],
    ['decimal(38,0) unsigned', 'DECIMAL(38, 0)'],
    ['decimal(39,0)', 'STRING'],
    ['float', 'FLOAT'],
    ['float unsigned', 'FLOAT'],
    ['double unsigned', 'DOUBLE'],
    ['bit(1)', 'BIGINT'],
    ['bit(63)', 'BIGINT'],
    ['bit(64)', 'DECIMAL(20, 0)'],
    ['year', 'SMALLINT'],
    ['date', 'DATE'],
    ['datetime', 'TIMESTAMP(0)'],
    ['datetime(3)', 'TIMESTAMP(3)'],
    ['timestamp(6)', 'TIMESTAMP(6)'],
    ['time', 'STRING'],
    ['time(6)', 'STRING'],
    ['char(4)', 'STRING'],
    ['longtext', 'STRING'],
    ["enum('int','blob')", 'STRING'],
    ["set('a','b')", 'STRING'],
    ['json', 'STRING'],
    ['binary(4)', 'BYTES'],
    ['varbinary(8)', 'BYTES'],
    ['longblob', 'BYTES'],
    ['geometry', 'BYTES'],
    ['geomcollection', 'BYTES'],
    ['multipoint', 'BYTES'],
    ['vector(2)', 'BYTES'],
    ['unknown', 'STRING'],
  ])('%s fits into %s', (declared, type) => {
    expect(flinkTypeOf(declared, OPTIONS).type).toBe(type);
  });

  it('takes dates as texts where they may be none, and bytes as the relay writes them', () => {
    for (const declared of ['date', 'datetime(3)', 'timestamp'])
      expect(flinkTypeOf(declared, { ...OPTIONS, zeroDates: true }).type).toBe('STRING');
    expect(flinkTypeOf('bit(1)', { ...OPTIONS, format: 'debezium-json' }).type).toBe('BOOLEAN');
    expect(flinkTypeOf('bit(9)', { ...OPTIONS, format: 'debezium-json' }).type).toBe('BYTES');
    expect(flinkTypeOf('bit(9)', { ...OPTIONS, format: 'maxwell-json' }).type).toBe('BIGINT');
    expect(flinkTypeOf('blob', { ...OPTIONS, binary: 'latin1' }).type).toBe('STRING');
    expect(flinkTypeOf('timestamp', { ...OPTIONS, timeZone: '+08:00' }).note).toBe('in +08:00');
  });
});
