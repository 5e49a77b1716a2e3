import { describe, expect, it } from 'vitest';
import { tableFilter } from '../../../src/change/table-filter.ts';
import { canalJson } from '../../../src/format/canal-json.ts';
import type { TablePlan } from '../../../src/relay/table-plan.ts';
import { Tables } from '../../../src/relay/tables.ts';
import { fixtureEvents } from '../../support/binlog-fixture.ts';

const MOST_TABLES = 20;
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

describe('Tables', () => {
  it('forgets tables that are gone, but not what a transaction that was cut has taken', () => {
    const tables = new Tables({ filter, ordering: 'key', format: canalJson }, MOST_TABLES);
    const first = map(tables, 0);
    first.counter.countIn(1);
    for (let id = 1; id < MOST_TABLES; id += 1) map(tables, id);
    const last = map(tables, MOST_TABLES);
    last.counter.countIn(2);
    last.counter.next = 7;
    tables.rewind(2);
    tables.trim();
    expect(tables.find(0)).toBeNull();
    expect(map(tables, MOST_TABLES).counter).toEqual({ serial: 2, next: 0, taken: 7 });
    expect(map(tables, 0).counter).toEqual({ serial: 0, next: 0, taken: 0 });
  });

  it('forgets plans that have made too many for rows that are not whole', () => {
    const tables = new Tables({ filter, ordering: 'key', format: canalJson }, MOST_TABLES);
    const plan = map(tables, 0);
    for (let made = 1; made < MOST_TABLES; made += 1) plan.reducedTo([0], [0]);
    tables.trim();
    expect(tables.find(0)).toBe(plan);
    expect(plan.skeleton.isSkeleton).toBe(true);
    tables.trim();
    expect(tables.find(0)).toBeNull();
    expect(map(tables, 0)).not.toBe(plan);
    tables.trim();
    expect(tables.find(0)).not.toBeNull();
  });
});

/** The table of the fixture, under another id and a name made of it. */
function map(tables: Tables, id: number): TablePlan {
  const event = Buffer.from(bytes);
  event.writeUIntLE(id, TABLE_ID_AT, 6);
  event.write(id.toString(36).padStart(nameBytes, '0'), nameAt, 'latin1');
  tables.map(event, 0, event.length - CHECKSUM_BYTES, WRITER_VERSION);
  const plan = tables.find(id);
  if (plan === undefined || plan === null) throw new Error(`no plan for table ${id}`);
  return plan;
}
