import { keyForm, valueForm } from '../rows/form.ts';
import type { RowsHead } from '../rows/head.ts';
import { quoted } from '../../mysql/quoted.ts';
import type { ColumnPlan, SoftDelete, TablePlan } from '../rows/table-plan.ts';
import type { TargetServer } from '../target/target.ts';
import { SOFT_DELETE_TYPE } from './definition.ts';
import { normalType } from './normal-type.ts';
import type { TargetColumn, TargetTable } from './target-table.ts';

/** What is wrong with a table of the target, and what mends it. */
export interface Misfit {
  readonly kind: 'engine' | 'column' | 'key' | 'unique key' | 'soft delete' | 'trigger' | 'foreign key';
  readonly what: string;
  readonly remedy: string;
}

export type Fit =
  | { readonly plan: TablePlan; readonly misfits?: undefined }
  | { readonly plan?: undefined; readonly misfits: readonly Misfit[] };

export interface FitRules {
  readonly keepsUniqueKeys: boolean;
  /** The column that tells when a row was deleted; undefined: such rows are removed. */
  readonly softDelete: string | undefined;
}

/** How the rows of messages with this head are written into the table, or why they cannot be. */
export function fit(
  head: Pick<RowsHead, 'types' | 'key' | 'absent' | 'omitted'>,
  target: TargetTable,
  server: Pick<TargetServer, 'flavour'>,
  { keepsUniqueKeys, softDelete }: FitRules,
): Fit {
  // Names of columns have no case in MySQL.
  const byName = new Map(target.columns.map((column) => [column.name.toLowerCase(), column]));
  const misfits = [
    ...engineMisfits(target),
    ...columnMisfits(head, target, byName),
    ...keyMisfits(head, target, keepsUniqueKeys),
    ...(softDelete === undefined ? [] : softDeleteMisfits(head, target, softDelete)),
    ...sideEffectMisfits(target),
  ];
  if (misfits.length > 0) return { misfits };
  const columns = new Map<string, ColumnPlan>();
  for (const [name, type] of head.types) {
    const column = byName.get(name.toLowerCase());
    if (column !== undefined) columns.set(name, columnPlan(name, type, column));
  }
  return {
    plan: {
      name: `${target.database}.${target.table}`,
      sql: target.sql,
      columns,
      key: head.key?.flatMap((name) => columns.get(name) ?? []),
      softDelete: softDeleteOf(softDelete, byName),
      keptOnUpdate: target.columns.filter(({ changesOnUpdate }) => changesOnUpdate).map(({ name }) => quoted(name)),
      enums: namesOf(target, ({ dataType }) => dataType === 'enum'),
      floats: namesOf(target, ({ type }) => /^float( unsigned)?$/i.test(type)),
      comparesOneByOne: server.flavour === 'mariadb',
    },
  };
}

const namesOf = ({ columns }: TargetTable, isMeant: (column: TargetColumn) => boolean): readonly string[] =>
  columns.filter(isMeant).map(({ name }) => name);

function columnPlan(name: string, type: string, { dataType, isGenerated }: TargetColumn): ColumnPlan {
  return {
    name,
    sql: quoted(name),
    type,
    isGenerated,
    value: valueForm(type, dataType),
    key: keyForm(type, dataType),
  };
}

function softDeleteOf(name: string | undefined, byName: ReadonlyMap<string, TargetColumn>): SoftDelete | undefined {
  const column = byName.get(name?.toLowerCase() ?? '');
  if (column === undefined) return undefined;
  // What is committed is told in milliseconds.
  return { sql: quoted(column.name), digits: Math.min(3, Number(/\((\d)\)/.exec(column.type)?.[1] ?? 0)) };
}

function softDeleteMisfits(
  { key, types, absent, omitted }: Pick<RowsHead, 'key' | 'types' | 'absent' | 'omitted'>,
  { sql, columns }: TargetTable,
  softDelete: string,
): readonly Misfit[] {
  const kind = 'soft delete';
  const isIt = (name: string): boolean => name.toLowerCase() === softDelete.toLowerCase();
  const found: Misfit[] = [];
  if (key === undefined) {
    const what = 'it has no key, and rows that are deleted are found and marked by their key (deletes.column)';
    found.push({ kind, what, remedy: 'exclude the table (tables.exclude), or give it a PRIMARY KEY in the source' });
  }
  if ([...types.keys(), ...absent, ...omitted].some(isIt)) {
    const what = `the source has a column ${softDelete} itself`;
    return [...found, { kind, what, remedy: 'set deletes.column to a name that no table of the source has' }];
  }
  const column = columns.find(({ name }) => isIt(name));
  const definition = `COLUMN ${quoted(softDelete)} ${SOFT_DELETE_TYPE}`;
  if (column === undefined) {
    const what = `it has no column ${softDelete} for the time of a delete`;
    found.push({ kind, what, remedy: `ALTER TABLE ${sql} ADD ${definition}` });
  } else if (!/^(datetime|timestamp)$/.test(column.dataType) || !column.defaultsToNull || column.changesOnUpdate) {
    const what = `column ${softDelete} is not a DATETIME or TIMESTAMP that is NULL by default, without ON UPDATE`;
    found.push({ kind, what, remedy: `ALTER TABLE ${sql} MODIFY ${definition}` });
  }
  return found;
}

function engineMisfits({ engine, sql }: TargetTable): readonly Misfit[] {
  if (engine.toLowerCase() === 'innodb') return [];
  const what = `its engine is ${engine === '' ? 'none (a view)' : engine}, which has no transactions`;
  return [{ kind: 'engine', what, remedy: `ALTER TABLE ${sql} ENGINE = InnoDB` }];
}

function columnMisfits(
  { types, absent, omitted }: Pick<RowsHead, 'types' | 'absent' | 'omitted'>,
  { sql, columns }: TargetTable,
  byName: ReadonlyMap<string, TargetColumn>,
): readonly Misfit[] {
  const found: Misfit[] = [];
  for (const [name, type] of types) {
    const column = byName.get(name.toLowerCase());
    if (column === undefined) {
      const remedy = `ALTER TABLE ${sql} ADD COLUMN ${quoted(name)} ${type}`;
      found.push({ kind: 'column', what: `it has no column ${name}`, remedy });
    } else if (!column.isGenerated && !takes(normalType(column.type), normalType(type))) {
      const remedy = `ALTER TABLE ${sql} MODIFY COLUMN ${quoted(name)} ${type}`;
      found.push({ kind: 'column', what: `column ${name} is ${column.type}, and ${type} in the messages`, remedy });
    }
  }
  const brought = new Set([...types.keys(), ...absent, ...omitted].map((name) => name.toLowerCase()));
  for (const { name, mayBeLeftOut } of columns) {
    if (brought.has(name.toLowerCase()) || mayBeLeftOut) continue;
    const what = `column ${name}, which no message brings, has no default`;
    found.push({
      kind: 'column',
      what,
      remedy: `ALTER TABLE ${sql} ALTER COLUMN ${quoted(name)} SET DEFAULT …, or drop it`,
    });
  }
  return found;
}

/** A text takes JSON as it is; MariaDB calls its own so. */
const takes = (target: string, type: string): boolean => target === type || (type === 'json' && target === 'longtext');

function keyMisfits(
  { key, types }: Pick<RowsHead, 'key' | 'types'>,
  { sql, uniqueKeys }: TargetTable,
  keepsUniqueKeys: boolean,
): readonly Misfit[] {
  const nameOf = (columns: readonly (string | undefined)[]): string =>
    columns
      .map((name) => (name ?? '').toLowerCase())
      .sort()
      .join('\n');
  const isKey = (columns: readonly (string | undefined)[]): boolean =>
    key !== undefined && nameOf(columns) === nameOf(key);
  const found: Misfit[] = [];
  if (key !== undefined && !uniqueKeys.some(({ columns }) => isKey(columns))) {
    const columns = key.map(quoted).join(', ');
    found.push({
      kind: 'key',
      what: `it has no PRIMARY KEY or UNIQUE key of exactly the columns ${key.join(', ')}`,
      remedy: `ALTER TABLE ${sql} ADD PRIMARY KEY (${columns})`,
    });
  }
  const brought = new Set([...types.keys()].map((name) => name.toLowerCase()));
  for (const { name, columns } of uniqueKeys) {
    // A key of the target's own, of columns that no message brings, refuses nothing.
    if (isKey(columns) || columns.every((column) => column !== undefined && !brought.has(column.toLowerCase())))
      continue;
    if (key !== undefined && keepsUniqueKeys) continue;
    const parts = columns.map((column) => (column === undefined ? '(…)' : quoted(column))).join(', ');
    const drop = name === 'PRIMARY' ? 'DROP PRIMARY KEY' : `DROP INDEX ${quoted(name)}`;
    found.push({
      kind: 'unique key',
      what: `the UNIQUE key ${name} beside its key would make rows disappear`,
      remedy: `ALTER TABLE ${sql} ${drop}, ADD INDEX (${parts}); or, with ordering table or total of the relay, uniqueKeys: keep`,
    });
  }
  return found;
}

function sideEffectMisfits({ database, sql, triggers, foreignKeys }: TargetTable): readonly Misfit[] {
  return [
    ...triggers.map((name): Misfit => ({
      kind: 'trigger',
      what: `the trigger ${name} would write beside the rows`,
      remedy: `DROP TRIGGER ${quoted(database)}.${quoted(name)}`,
    })),
    ...foreignKeys.map((name): Misfit => ({
      kind: 'foreign key',
      what: `the foreign key ${name} is never fulfilled while rows of several lanes are written`,
      remedy: `ALTER TABLE ${sql} DROP FOREIGN KEY ${quoted(name)}`,
    })),
  ];
}
