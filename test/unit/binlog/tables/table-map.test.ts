import { describe, expect, it } from 'vitest';
import type { Column, Table } from '../../../../src/binlog/binlog.ts';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { readTableMap, readTableMapName } from '../../../../src/binlog/tables/table-map.ts';
import { codeOf, fixtureEvent, madeEvent } from '../../../support/binlog-fixture.ts';

function tableOf(fixture: string, writerVersion: number, n = 0): Table {
  const event = fixtureEvent(fixture, 'TABLE_MAP', n);
  return readTableMap(event, 0, event.length - 4, writerVersion);
}

function column(table: Table, name: string): Column {
  const found = table.columns.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no column ${name}`);
  return found;
}

const UNSIGNED = ['t2', 's2', 'm2', 'i2', 'b2', 'd2', 'f2', 'g2'];
const SERVERS = [
  ['types.9.7', 90_704],
  ['types.8.0', 80_012],
] as const;

describe.each(SERVERS)('readTableMap of %s', (fixture, version) => {
  const table = tableOf(fixture, version);

  it('names the table and its columns in order', () => {
    expect(`${table.database}.${table.name}`).toBe('fxy.t');
    expect(table.columns).toHaveLength(44);
    expect(table.columns.map(({ index }) => index)).toEqual(table.columns.map((_, i) => i));
    expect(table.columns.filter(({ unsigned }) => unsigned).map(({ name }) => name)).toEqual(UNSIGNED);
    expect(table.columns.filter(({ nullable }) => !nullable).map(({ name }) => name)).toEqual(['i2', 'v2']);
  });

  it('gives text columns their collation, binary ones 63, all others 0', () => {
    const collations = ['c', 'c4', 'v', 'v2', 'bn', 'vb', 'tx', 'mt', 'tb', 'bl', 'lb', 'j', 'ge', 'p', 'i1', 'dt'];
    expect(collations.map((name) => column(table, name).collation)).toEqual([
      8, 255, 28, 46, 63, 63, 255, 35, 63, 63, 63, 0, 0, 0, 0, 0,
    ]);
  });

  it('gives labels to their columns, in order', () => {
    const texts = (name: string): string[] => column(table, name).labels.map(String);
    expect(['e', 'e2', 's', 'c'].map(texts)).toEqual([['x', 'y'], ['a,b', ''], ['q', 'r', 's'], []]);
  });

  it('keeps key order and prefixes', () => {
    expect(table.primaryKey.map(({ column: { name }, prefix }) => [name, prefix])).toEqual([
      ['v2', 5],
      ['i2', 0],
    ]);
  });

  it('names the table without reading on', () => {
    const event = fixtureEvent(fixture, 'TABLE_MAP');
    expect(readTableMapName(event, 0, 19 + 16)).toMatchObject({ database: 'fxy', name: 't' });
  });
});

describe('readTableMap', () => {
  it('reads the charset of ENUM and SET from servers that log it, and takes ASCII labels of others', () => {
    const now = tableOf('types.9.7', 90_704);
    const before = tableOf('types.8.0', 80_012);
    expect(['e', 'e2', 's'].map((name) => column(now, name).collation)).toEqual([8, 255, 255]);
    expect(['e', 'e2', 's'].map((name) => column(before, name).collation)).toEqual([11, 11, 11]);
  });

  it('refuses labels that are not ASCII when their charset is not logged', () => {
    const event = fixtureEvent('types.8.0', 'TABLE_MAP');
    const at = event.indexOf(Buffer.from('0178' + '0179', 'hex'));
    event.writeUInt8(0xe9, at + 1);
    expect(codeOf(() => readTableMap(event, 0, event.length - 4, 80_012))).toBe('BINLOG_UNSUPPORTED');
  });

  it('counts VECTOR among the charsets, and tells its dimensions', () => {
    const { columns } = tableOf('tagged.9.7', 90_704);
    expect(columns.map(({ name, type, collation }) => [name, type, collation])).toEqual([
      ['id', 3, 0],
      ['e', 242, 0],
      ['c', 15, 255],
    ]);
    expect(columns.map(({ subtype }) => subtype)).toEqual([0, 3, 0]);
  });

  it.each(['minimal.9.7', 'minimal.8.0'])('asks for binlog_row_metadata=FULL: %s', (fixture) => {
    expect(codeOf(() => tableOf(fixture, 80_012))).toBe('ROW_METADATA_NOT_FULL');
  });

  it('refuses a table map of MySQL 5.7, which ends after the nullable bits', () => {
    const whole = fixtureEvent('minimal.8.0', 'TABLE_MAP');
    const nullableEnd = 19 + 8 + '.fxm.'.length + '.a.'.length + 1 + 2 + 1 + 2 + 1;
    expect(codeOf(() => readTableMap(whole.subarray(0, nullableEnd), 0, nullableEnd, 50_744))).toBe(
      'ROW_METADATA_NOT_FULL',
    );
    expect(codeOf(() => readTableMap(whole.subarray(0, nullableEnd - 1), 0, nullableEnd - 1, 50_744))).toBe(
      'BINLOG_DECODE',
    );
  });

  it('reads names as UTF-8', () => {
    const names = Buffer.from('0406' + '05' + Buffer.from('größ').subarray(0, 5).toString('hex'), 'hex');
    const event = madeEvent(EVENT.TABLE_MAP, body('döb', 'täb', [10], Buffer.alloc(0), names));
    const table = readTableMap(event, 0, event.length, 90_704);
    expect([table.database, table.name, table.columns[0]?.name]).toEqual([
      'döb',
      'täb',
      'größ'.slice(0, 4).replace('ß', '\ufffd'),
    ]);
  });

  it.each([
    ['no columns', body('d', 't', [], Buffer.alloc(0), Buffer.alloc(0))],
    ['too few names', body('d', 't', [10, 10], Buffer.alloc(0), Buffer.from('0402' + '0161', 'hex'))],
    ['left-over type metadata', body('d', 't', [10], Buffer.from([1]), Buffer.from('0402' + '0161', 'hex'))],
    [
      'a key column that is not there',
      body('d', 't', [10], Buffer.alloc(0), Buffer.from('0402' + '0161' + '080101', 'hex')),
    ],
    [
      'a collation for no column',
      body('d', 't', [10], Buffer.alloc(0), Buffer.from('0402' + '0161' + '03013f', 'hex')),
    ],
    ['labels for no column', body('d', 't', [10], Buffer.alloc(0), Buffer.from('0402' + '0161' + '0603010178', 'hex'))],
    ['signs for no column', body('d', 't', [10], Buffer.alloc(0), Buffer.from('0402' + '0161' + '010180', 'hex'))],
    ['a field larger than the event', body('d', 't', [10], Buffer.alloc(0), Buffer.from('04ff' + '0161', 'hex'))],
  ])('refuses %s', (_, bytes) => {
    const event = madeEvent(EVENT.TABLE_MAP, bytes);
    expect(codeOf(() => readTableMap(event, 0, event.length, 90_704))).toBe('BINLOG_DECODE');
  });

  it('passes over optional metadata of later versions', () => {
    const event = madeEvent(
      EVENT.TABLE_MAP,
      body('d', 't', [10], Buffer.alloc(0), Buffer.from('c8020000' + '0402' + '0161', 'hex')),
    );
    expect(readTableMap(event, 0, event.length, 90_704).columns).toHaveLength(1);
  });
});

function body(database: string, name: string, types: number[], typeMetadata: Buffer, optional: Buffer): Buffer {
  const text = (value: string): Buffer =>
    Buffer.concat([Buffer.from([Buffer.byteLength(value)]), Buffer.from(`${value}\0`)]);
  return Buffer.concat([
    Buffer.alloc(8),
    text(database),
    text(name),
    Buffer.from([types.length, ...types, typeMetadata.length]),
    typeMetadata,
    Buffer.alloc((types.length + 7) >> 3),
    optional,
  ]);
}
