/** src/relay/tables: tables, table-plan, plan-memory, message-classes, change-counter. */
import { describe, expect, it } from 'vitest';
import { tableFilter } from '../../../../src/change/table-filter.ts';
import { canalJson } from '../../../../src/format/canal-json.ts';
import type { TablePlan } from '../../../../src/relay/tables/table-plan.ts';
import { Tables } from '../../../../src/relay/tables/tables.ts';
import { fixtureEvents } from '../../../support/binlog-fixture.ts';

const CHECKSUM_BYTES = 4;
const TABLE_ID_AT = 19;
const WRITER_VERSION = 90_700;
const tableMap = fixtureEvents('shop.9.7').find(({ name }) => name === 'TABLE_MAP');
if (tableMap === undefined) throw new Error('the fixture has no table map');
const { bytes } = tableMap;
/** Behind the length and the terminator of the database's name, and the length of the table's. */
const nameAt = TABLE_ID_AT + 8 + 1 + bytes.readUInt8(TABLE_ID_AT + 8) + 1 + 1;
const nameBytes = bytes.readUInt8(nameAt - 1);

const filter = tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [] });

const newTables = (maxBytes: number): Tables => new Tables({ filter, ordering: 'key', format: canalJson }, maxBytes);
/** What one table takes. */
const ONE_TABLE = ((): number => {
  const tables = newTables(Infinity);
  map(tables, 0);
  return tables.bytes;
})();

describe('Tables', () => {
  it('forgets what nobody names any more, when a transaction begins', () => {
    const tables = newTables(ONE_TABLE * 20);
    const first = map(tables, 0);
    for (let id = 1; id <= 20; id += 1) map(tables, id);
    expect(tables.find(0)).toBe(first);
    tables.trim();
    expect(tables.find(0)).toBeNull();
    expect(map(tables, 0)).not.toBe(first);
  });

  it('takes no more memory than it may, whatever comes', () => {
    const tables = newTables(ONE_TABLE * 20);
    for (let id = 0; id < 500; id += 1) {
      tables.trim();
      expect(tables.bytes).toBeLessThanOrEqual(ONE_TABLE * 20);
      map(tables, id).classes.insert(`server ${id}`);
    }
    expect(tables.count).toBeLessThanOrEqual(21);
  });

  it('keeps what is named again and again, while others come and go', () => {
    const tables = newTables(ONE_TABLE * 20);
    const often = [0, 1, 2].map((id) => map(tables, id));
    for (let id = 3; id < 500; id += 1) {
      tables.trim();
      for (const [of, plan] of often.entries()) expect(map(tables, of)).toBe(plan);
      map(tables, id);
    }
  });

  it('counts what is made for rows that are not whole', () => {
    const tables = newTables(ONE_TABLE * 20);
    const plan = map(tables, 0);
    for (let made = 0; tables.bytes <= ONE_TABLE * 20; made += 1) {
      tables.trim();
      expect(tables.find(0)).toBe(plan);
      if (made % 2 === 0) plan.reducedTo([0], [0]);
      else expect(plan.skeleton.classes.insert(`server ${made}`).plan.isSkeleton).toBe(true);
    }
    tables.trim();
    expect(tables.find(0)).toBeNull();
    expect(tables.bytes).toBe(0);
    // Who still has it may go on with it: it is not counted any more.
    plan.classes.insert('server');
    expect(tables.bytes).toBe(0);
  });

  it('goes on with a table under another id, and counts its changes on while a version of it is known', () => {
    const tables = newTables(ONE_TABLE * 20);
    const plan = map(tables, 0);
    expect(map(tables, 1, 0)).toBe(plan);
    for (let id = 2; id < 50; id += 1) {
      tables.trim();
      map(tables, 1, 0);
      map(tables, id);
    }
    expect(tables.find(0)).toBeNull();
    expect(map(tables, 100, 0)).toBe(plan);
  });
});

/** The table of the fixture, under another id and name. */
function map(tables: Tables, id: number, name = id): TablePlan {
  const event = Buffer.from(bytes);
  event.writeUIntLE(id, TABLE_ID_AT, 6);
  event.write(name.toString(36).padStart(nameBytes, '0'), nameAt, 'latin1');
  tables.map(event, 0, event.length - CHECKSUM_BYTES, WRITER_VERSION);
  const plan = tables.find(id);
  if (plan === undefined || plan === null) throw new Error(`no plan for table ${id}`);
  return plan;
}
