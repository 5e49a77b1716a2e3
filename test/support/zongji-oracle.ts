/** Rows as zongji's own decoder reads them, from captured events: a second opinion that shares no code with ours. */
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { eventType, HEADER_BYTES } from '../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../src/binlog/wire/event-types.ts';
import { rowsKind } from '../../src/binlog/rows/rows.ts';

export type OracleRow = Readonly<Record<string, unknown>>;

export interface OracleChange {
  readonly table: string;
  readonly kind: 'insert' | 'update' | 'delete';
  readonly before: OracleRow | undefined;
  readonly after: OracleRow;
}

interface TableMap {
  readonly tableId: number;
  readonly schemaName: string;
  readonly tableName: string;
  /** False when it could not read the names of the columns; it asks the server for them then. */
  hasSelfDescribingMetadata(): boolean;
  buildColumnSchemas(): readonly unknown[];
  updateColumnInfo(): void;
}

interface Rows {
  readonly tableId: number;
  readonly rows: readonly unknown[];
}

interface Parser {
  append(bytes: Buffer): void;
  parseBuffer(bytes: number): Buffer;
}

/** The files that zongji itself puts together; its entry point shows none of them. */
async function load(file: string): Promise<Record<string, unknown>> {
  const path = join(import.meta.dirname, '../../node_modules/zongji/lib', file);
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
}

const { Parser } = (await load('reader.js')) as { Parser: new () => Parser };
const { getEventClass } = (await load('code_map.js')) as {
  getEventClass: (type: number) => new (parser: Parser, options: object, zongji: object) => unknown;
};

/**
 * Rows of all tables in `events`, whole events with CRC32. What its decoder cannot read is in `errors`; it drops such
 * rows.
 */
export function oracleChanges(events: readonly Buffer[]): { changes: OracleChange[]; errors: string[] } {
  const changes: OracleChange[] = [];
  const errors: string[] = [];
  const tableMap: Record<number, { columnSchemas: readonly unknown[]; parentSchema: string; tableName: string }> = {};
  const zongji = {
    tableMap,
    useChecksum: true,
    connection: { config: { dateStrings: true, timezone: 'Z', jsonStrings: true } },
    _skipSchema: (): boolean => false,
    _warnUnsupportedEvent: (): void => undefined,
    emit: (_name: string, error: Error): void => void errors.push(error.message),
  };
  for (const bytes of events) {
    const type = eventType(bytes, 0);
    const kind = rowsKind(type);
    if (type !== EVENT.TABLE_MAP && kind === undefined && type !== EVENT.TRANSACTION_PAYLOAD) continue;
    const parser = new Parser();
    // It turns bits of some values over where they stand.
    parser.append(Buffer.from(bytes));
    parser.parseBuffer(HEADER_BYTES);
    let event: unknown;
    try {
      event = new (getEventClass(type))(parser, { eventType: type, timestamp: 0, nextPosition: 0, size: 0 }, zongji);
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
      continue;
    }
    if (type === EVENT.TABLE_MAP) {
      const map = event as TableMap;
      if (!map.hasSelfDescribingMetadata()) {
        errors.push(`no column names of ${map.tableName}`);
        continue;
      }
      tableMap[map.tableId] = {
        columnSchemas: map.buildColumnSchemas(),
        parentSchema: map.schemaName,
        tableName: map.tableName,
      };
      map.updateColumnInfo();
    } else if (kind !== undefined && hasRows(event)) {
      const table = tableMap[event.tableId]?.tableName ?? '';
      for (const row of event.rows) changes.push({ table, kind, ...images(kind, row) });
    }
  }
  return { changes, errors };
}

const hasRows = (event: unknown): event is Rows => typeof event === 'object' && event !== null && 'rows' in event;

function images(kind: OracleChange['kind'], row: unknown): Pick<OracleChange, 'before' | 'after'> {
  if (kind !== 'update') return { before: undefined, after: row as OracleRow };
  return row as { before: OracleRow; after: OracleRow };
}
