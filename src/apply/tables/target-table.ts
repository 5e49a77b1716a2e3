import { quotedTable } from '../../mysql/quoted.ts';
import { textLiteral } from '../rows/literal.ts';
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
  const of = (schema: string, name: string): string =>
    `${schema} = ${textLiteral(database)} AND ${name} = ${textLiteral(table)}`;
  const [found] = await session.query(
    `SELECT ENGINE AS engine FROM information_schema.TABLES WHERE ${of('TABLE_SCHEMA', 'TABLE_NAME')}`,
  );
  if (found === undefined) return undefined;
  const columns = await session.query(
    'SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, DATA_TYPE AS dataType, IS_NULLABLE AS nullable, ' +
      // MariaDB has the word NULL there.
      'COLUMN_DEFAULT IS NOT NULL AS hasDefault, COALESCE(COLUMN_DEFAULT, "NULL") = "NULL" AS nullDefault, EXTRA AS extra FROM information_schema.COLUMNS ' +
      `WHERE ${of('TABLE_SCHEMA', 'TABLE_NAME')} ORDER BY ORDINAL_POSITION`,
  );
  const parts = await session.query(
    'SELECT INDEX_NAME AS name, COLUMN_NAME AS part FROM information_schema.STATISTICS ' +
      `WHERE ${of('TABLE_SCHEMA', 'TABLE_NAME')} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
  );
  const triggers = await session.query(
    `SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE ${of('EVENT_OBJECT_SCHEMA', 'EVENT_OBJECT_TABLE')}`,
  );
  const foreignKeys = await session.query(
    `SELECT CONSTRAINT_NAME AS name FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE ${of('CONSTRAINT_SCHEMA', 'TABLE_NAME')}`,
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

function columnOf(row: AnswerRow): TargetColumn {
  const extra = row['extra'] ?? '';
  const isGenerated = /\b(virtual|stored|persistent)\b/i.test(extra);
  return {
    name: row['name'] ?? '',
    type: row['type'] ?? '',
    dataType: (row['dataType'] ?? '').toLowerCase(),
    isGenerated,
    isNullable: row['nullable'] === 'YES',
    defaultsToNull: !isGenerated && row['nullable'] === 'YES' && row['nullDefault'] === '1',
    changesOnUpdate: /on update/i.test(extra),
    mayBeLeftOut:
      isGenerated ||
      row['nullable'] === 'YES' ||
      row['hasDefault'] === '1' ||
      /auto_increment|default_generated/i.test(extra),
  };
}

const names = (rows: readonly AnswerRow[]): readonly string[] => rows.map((row) => row['name'] ?? '');
