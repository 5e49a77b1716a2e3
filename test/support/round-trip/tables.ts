import type { Alphabet } from './alphabets.ts';
import { binaryKind, geometryKind, vectorKind } from './binaries.ts';
import { quoted } from '../../../src/mysql/quoted.ts';
import { exactText, type ColumnKind } from './column-kind.ts';
import { jsonKind, sqlJsonKind } from './json.ts';
import { bitKind, decimalKind, doubleKind, floatKind, integerKind } from './numbers.ts';
import { compressedKind, fixedKind, mariadbJsonKind } from './mariadb.ts';
import type { Random } from './random.ts';
import { dateKind, datetimeKind, timeKind, timestampKind, yearKind } from './temporals.ts';
import { enumKind, setKind, textKind } from './texts.ts';

export interface TestColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly isNullable: boolean;
  readonly isInvisible: boolean;
  /** The server makes its value, from the column of that number; the copy keeps what is published. */
  readonly generated: { readonly from: number; readonly how: string } | undefined;
}

/**
 * A table, declared the same way whatever else changes. Beside its columns it has `n`, the number of the row, by which
 * the test finds rows; rows that were inserted twice have the same.
 */
export interface TestTable {
  readonly name: string;
  readonly columns: readonly TestColumn[];
  /** Columns of the primary key; none: without one. -1 is `n`. */
  readonly key: readonly number[];
  readonly isPartitioned: boolean;
}

export interface ServerKinds {
  readonly alphabets: readonly Alphabet[];
  /** VECTOR, invisible columns, compressed transactions. */
  readonly isModern: boolean;
  readonly isMariadb: boolean;
  /** Generated columns are in its rows. */
  readonly hasGenerated: boolean;
}

const NAMES = [
  '1', '__proto__', 'constructor', 'select', 'a b', 'quo"te', "apo'", 'back`tick', 'back\\slash', '名称', 'größe', 'a.b', 'a,b', '%', '${x}', 'nl\nhere', 'Ünï', 'toString', '0', '*/',
]; // prettier-ignore
const TABLE_NAMES = [
  'orders',
  'order items',
  '订单',
  'a|b%',
  "o'rder",
  'quo"te',
  'back`tick',
  'UPPER',
  'dollar$',
  'dot.ted',
];
/** InnoDB takes 65,535 bytes a row as declared, and 8,126 of what cannot go to other pages: 40 of each long column. */
const MAX_ROW_BYTES = 30_000;
const MAX_WIDE_BYTES = 7_000;
/** 3,072 bytes; n takes its part. */
const MAX_KEY_BYTES = 2_800;

export function randomTable(random: Random, number: number, server: ServerKinds): TestTable {
  const names = new Set<string>(['n']);
  const columns: TestColumn[] = [];
  const isWide = random.chance(0.05);
  const count = isWide ? random.int(60, 250) : random.int(1, 14);
  let bytes = 0;
  for (let i = 0; i < count; i += 1) {
    const kind = isWide ? narrowKind(random) : anyKind(random, server);
    if (bytes + kind.rowBytes > (isWide ? MAX_WIDE_BYTES : MAX_ROW_BYTES)) continue;
    bytes += kind.rowBytes;
    const name = columnName(random, names);
    const isInvisible = server.isModern && random.chance(0.05);
    columns.push({ name, kind, isNullable: random.chance(0.8), isInvisible, generated: undefined });
  }
  const key = randomKey(random, columns);
  const declared = columns.map((column, i) => (key.includes(i) ? { ...column, isNullable: false } : column));
  if (server.hasGenerated && random.chance(0.3))
    declared.push(...random.list(random.int(1, 2), () => generatedColumn(random, declared, names, server)));
  const hasGeometry = columns.some(({ kind }) => /POINT|LINE|POLY|GEOM/.test(kind.sql));
  const isPartitioned = key.length === 0 && !hasGeometry && random.chance(0.3);
  return { name: `${random.pick(TABLE_NAMES)} ${number}`, columns: declared, key, isPartitioned };
}

function anyKind(random: Random, { alphabets, isModern, isMariadb }: ServerKinds): ColumnKind {
  const alphabet = random.chance(0.3) ? alphabets.find(({ charset }) => charset === 'utf8mb4') : undefined;
  const text = alphabet ?? random.pick(alphabets);
  // The bytes of a label in these are never ASCII.
  const labels =
    isModern || isMariadb || !/^(ucs2|utf16|utf32)/.test(text.charset)
      ? text
      : (alphabets.find(({ charset }) => charset === 'ascii') ?? text);
  const makers: readonly (() => ColumnKind)[] = [
    () => integerKind(random), () => integerKind(random), () => decimalKind(random), () => floatKind(random), () => doubleKind(random),
    () => bitKind(random), () => dateKind(), () => timeKind(random), () => datetimeKind(random), () => timestampKind(random), () => yearKind(),
    () => textKind(random, text), () => textKind(random, text), () => textKind(random, text), () => textKind(random, text),
    () => enumKind(random, labels, isModern || isMariadb), () => setKind(random, labels, isModern || isMariadb), () => binaryKind(random), () => binaryKind(random), () => geometryKind(random),
    ...(isMariadb
      ? [mariadbJsonKind, (): ColumnKind => fixedKind(random), (): ColumnKind => compressedKind(random)]
      : [jsonKind, jsonKind, sqlJsonKind]),
    ...(isModern ? [(): ColumnKind => vectorKind(random)] : []),
  ]; // prettier-ignore
  return random.pick(makers)();
}

const narrowKind = (random: Random): ColumnKind =>
  random.pick([
    integerKind,
    decimalKind,
    floatKind,
    bitKind,
    timeKind,
    datetimeKind,
    timestampKind,
    dateKind,
    yearKind,
  ])(random);

function columnName(random: Random, names: Set<string>): string {
  const odd = random.chance(0.4) ? random.pick(NAMES) : 'c';
  const name = odd !== 'c' && !names.has(odd.toLowerCase()) ? odd : `${odd}_${names.size}`;
  names.add(name.toLowerCase());
  return name;
}

function randomKey(random: Random, columns: readonly TestColumn[]): readonly number[] {
  if (random.chance(0.2)) return [];
  if (random.chance(0.2)) return [-1];
  const keyable = columns.flatMap(({ kind }, i) => (kind.keyPart === undefined ? [] : [i]));
  const parts = new Set(random.list(random.int(1, 3), () => (keyable.length === 0 ? -1 : random.pick(keyable))));
  // Few values would soon be used up; half of such keys stay as they are.
  if (random.chance(0.5)) parts.add(-1);
  const bytes = [...parts].reduce((sum, i) => sum + Math.min(columns[i]?.kind.rowBytes ?? 4, 1100), 0);
  return bytes > MAX_KEY_BYTES ? [-1] : [...parts];
}

function generatedColumn(
  random: Random,
  columns: readonly TestColumn[],
  names: Set<string>,
  { isMariadb }: ServerKinds,
): TestColumn {
  // A VECTOR has no length there. MariaDB takes no length of a CHAR, and that of its own types depends on the version.
  const usable = columns.flatMap(({ kind, generated }, i) =>
    generated === undefined && !(isMariadb ? /^(CHAR|UUID|INET)/ : /^VECTOR/).test(kind.sql) ? [i] : [],
  );
  const from = usable.length === 0 ? -1 : random.pick(usable);
  const base = columns[from]?.name ?? 'n';
  const kind: ColumnKind = { sql: 'BIGINT', rowBytes: 8, exact: exactText, value: () => 'DEFAULT' };
  return {
    name: columnName(random, names),
    kind,
    isNullable: true,
    isInvisible: false,
    generated: { from, how: `(LENGTH(${quoted(base)}) * 3) ${random.pick(['STORED', 'VIRTUAL'])}` },
  };
}

/** Numbers of the columns that a table keeps while it is reduced; `undefined`: all. */
export type Kept = ReadonlySet<number> | undefined;

export const keeps = (kept: Kept, i: number): boolean => kept?.has(i) ?? true;

export const sourceTable = (database: string, table: TestTable, kept?: Kept): string =>
  createTable(database, table, kept, ({ kind, isInvisible, generated }) =>
    [
      kind.sql,
      ...(generated === undefined ? [] : [`GENERATED ALWAYS AS ${generated.how}`]),
      ...(isInvisible ? ['INVISIBLE'] : []),
    ].join(' '),
  );

/**
 * Generated columns are plain ones there. Servers before 8.0.30 name the collations of utf8mb3 otherwise; `typeOf`:
 * what another kind of server has in the place of a type.
 */
export const copyTable = (
  database: string,
  table: TestTable,
  kept?: Kept,
  typeOf = (sql: string): string => sql,
): string =>
  createTable(database, table, kept, ({ kind }) =>
    typeOf(kind.copySql ?? kind.sql.replace(/COLLATE utf8_/, 'COLLATE utf8mb3_')),
  );

function createTable(database: string, table: TestTable, kept: Kept, typeOf: (column: TestColumn) => string): string {
  const columns = table.columns.flatMap((column, i) => {
    if (!keeps(kept, i)) return [];
    const isNull = column.isNullable ? 'NULL' : 'NOT NULL';
    return [`${quoted(column.name)} ${typeOf(column)} ${column.generated === undefined ? isNull : ''}`];
  });
  const parts = table.key.map((i) => {
    const column = table.columns[i];
    return column === undefined ? 'n' : `${quoted(column.name)}${column.kind.keyPart ?? ''}`;
  });
  const key = parts.length === 0 ? '' : `, PRIMARY KEY (${parts.join(', ')})`;
  const partitions = table.isPartitioned ? ' PARTITION BY HASH (n) PARTITIONS 3' : '';
  return `CREATE TABLE ${quoted(database)}.${quoted(table.name)} (n INT NOT NULL, ${columns.map((column) => `${column}, `).join('')}KEY (n)${key})${partitions}`;
}
