import type { Table } from '../../src/binlog/binlog.ts';
import { CHECKSUM_BYTES } from '../../src/binlog/wire/checksum.ts';
import { columnCodec, valueSize } from '../../src/binlog/rows/columns.ts';
import { eventType } from '../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../src/binlog/wire/event-types.ts';
import { newRowsHeader, readRowsHeader, rowsKind } from '../../src/binlog/rows/rows.ts';
import { readTableMap } from '../../src/binlog/tables/table-map.ts';

/** One inserted value: as text, and as the inside of a JSON string; undefined for NULL. */
export interface PublishedValue {
  readonly text: string;
  readonly json: string;
}

export interface InsertedRows {
  readonly table: Table;
  readonly rows: (PublishedValue | undefined)[][];
}

/**
 * The rows inserted in `events` (whole events with CRC32), by table name. Slow and plain: every row image is read value
 * by value.
 */
export function insertedRows(events: readonly Buffer[], writerVersion: number): Map<string, InsertedRows> {
  const byName = new Map<string, InsertedRows>();
  const byId = new Map<number, InsertedRows>();
  const header = newRowsHeader();
  for (const event of events) {
    const end = event.length - CHECKSUM_BYTES;
    const type = eventType(event, 0);
    if (type === EVENT.TABLE_MAP) {
      const table = readTableMap(event, 0, end, writerVersion);
      const known = byName.get(table.name) ?? { table, rows: [] };
      byName.set(table.name, known);
      byId.set(event.readUIntLE(19, 6), known);
    } else if (rowsKind(type) === 'insert') {
      readRowsHeader(event, 0, end, header);
      const into = byId.get(header.tableId);
      if (into === undefined) throw new Error(`rows of unknown table ${header.tableId}`);
      for (let p = header.rows; p < end;) {
        const { row, next } = readRow(into.table, event, p);
        into.rows.push(row);
        p = next;
        if (p > end) throw new Error(`a row of ${into.table.name} ends ${p - end} bytes after its event`);
      }
    }
  }
  return byName;
}

/** The row image at `start`, and where the next one begins. */
export function readRow(
  table: Table,
  b: Buffer,
  start: number,
): { readonly row: (PublishedValue | undefined)[]; readonly next: number } {
  let p = start + ((table.columns.length + 7) >> 3);
  const row = table.columns.map((column) => {
    if (b.readUInt8(start + (column.index >> 3)) & (1 << (column.index & 7))) return undefined;
    const size = valueSize(column);
    if (size.kind === 'prefixed') p += size.prefix;
    const bytes = size.kind === 'fixed' ? size.bytes : b.readUIntLE(p - size.prefix, size.prefix);
    const codec = columnCodec(column);
    const out = Buffer.alloc(12 * bytes + 2000);
    const read = (write: typeof codec.text): string => out.toString('utf8', 0, write(out, 0, b, p, p + bytes));
    const value = { text: read(codec.text), json: read(codec.json) };
    p += bytes;
    return value;
  });
  return { row, next: p };
}
