import { keyForm, valueForm } from '../rows/form.ts';
import type { RowsHead } from '../rows/head.ts';
import { quoted } from '../../mysql/quoted.ts';
import type { ColumnPlan, TablePlan } from '../rows/table-plan.ts';
import type { TargetServer } from '../target/target.ts';
import { normalType } from './normal-type.ts';
import type { TargetColumn, TargetTable } from './target-table.ts';

/** What is wrong with a table of the target, and what mends it. */
export interface Misfit {
  readonly kind: 'engine' | 'column' | 'key' | 'unique key' | 'trigger' | 'foreign key';
  readonly what: string;
  readonly remedy: string;
}

export type Fit =
  | { readonly plan: TablePlan; readonly misfits?: undefined }
  | { readonly plan?: undefined; readonly misfits: readonly Misfit[] };

/** How the rows of messages with this head are written into the table, or why they cannot be. */
export function fit(
  head: Pick<RowsHead, 'types' | 'key' | 'absent' | 'omitted'>,
  target: TargetTable,
  server: Pick<TargetServer, 'flavour'>,
  keepsUniqueKeys: boolean,
): Fit {
  // Names of columns have no case in MySQL.
  const byName = new Map(target.columns.map((column) => [column.name.toLowerCase(), column]));
  const misfits = [
    ...engineMisfits(target),
    ...columnMisfits(head, target, byName),
    ...keyMisfits(head, target, keepsUniqueKeys),
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
