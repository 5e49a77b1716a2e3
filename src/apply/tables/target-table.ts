import { quotedTable } from '../../mysql/quoted.ts';
import { isTable, readColumns, type TableColumn } from '../../mysql/table-columns.ts';
import type { AnswerRow, Session } from '../target/target.ts';

export interface TargetColumn {
  readonly name: string;
  /** `varchar(20)` */
  readonly type: string;
  /** `varchar` */
  readonly dataType: string;
  readonly isGenerated: boolean;
  readonly isNullable: boolean;
  /** What it holds in a row that is written without it is NULL. */
  readonly defaultsToNull: boolean;
  /** The server changes it by itself with any update. */
  readonly changesOnUpdate: boolean;
  /** A row may be written without it. */
  readonly mayBeLeftOut: boolean;
}

export interface TargetKey {
  readonly name: string;
  /** Undefined where the part is an expression. */
  readonly columns: readonly (string | undefined)[];
}

/** A table of the target as it is. */
export interface TargetTable {
  readonly database: string;
  readonly table: string;
  readonly sql: string;
  readonly engine: string;
  readonly columns: readonly TargetColumn[];
  /** PRIMARY among them. */
  readonly uniqueKeys: readonly TargetKey[];
  readonly triggers: readonly string[];
  readonly foreignKeys: readonly string[];
}

/** What the server says of the table; undefined when there is none. */
export async function readTargetTable(
  session: Session,
  database: string,
  table: string,
): Promise<TargetTable | undefined> {
  const own = isTable(database, table);
  const [found] = await session.query(`SELECT ENGINE AS engine FROM information_schema.TABLES WHERE ${own}`);
  if (found === undefined) return undefined;
  const columns = await readColumns(session, database, table);
  const parts = await session.query(
    'SELECT INDEX_NAME AS name, COLUMN_NAME AS part FROM information_schema.STATISTICS ' +
      `WHERE ${own} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
  );
  const triggers = await session.query(
    `SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE ${isTable(database, table, 'EVENT_OBJECT_SCHEMA', 'EVENT_OBJECT_TABLE')}`,
  );
  const foreignKeys = await session.query(
    `SELECT CONSTRAINT_NAME AS name FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE ${isTable(database, table, 'CONSTRAINT_SCHEMA')}`,
  );
  const keys = new Map<string, (string | undefined)[]>();
  for (const { name, part } of parts) keys.set(name ?? '', [...(keys.get(name ?? '') ?? []), part ?? undefined]);
  return {
    database,
    table,
    sql: quotedTable(database, table),
    engine: found['engine'] ?? '',
    columns: columns.map(columnOf),
    uniqueKeys: [...keys].map(([name, keyParts]) => ({ name, columns: keyParts })),
    triggers: names(triggers),
    foreignKeys: names(foreignKeys),
  };
}

function columnOf({ name, type, dataType, isNullable, hasDefault, isDefaultNull, extra }: TableColumn): TargetColumn {
  const isGenerated = /\b(virtual|stored|persistent)\b/i.test(extra);
  return {
    name,
    type,
    dataType,
    isGenerated,
    isNullable,
    defaultsToNull: !isGenerated && isNullable && isDefaultNull,
    changesOnUpdate: /on update/i.test(extra),
    mayBeLeftOut: isGenerated || isNullable || hasDefault || /auto_increment|default_generated/i.test(extra),
  };
}

const names = (rows: readonly AnswerRow[]): readonly string[] => rows.map((row) => row['name'] ?? '');
