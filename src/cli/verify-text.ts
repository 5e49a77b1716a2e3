/** What verify has found, as an operator reads it. Pure. */
import type {
  Difference,
  TableResult,
  TableState,
  UndecidedRow,
  UndecidedWhy,
  VerifyProgress,
  VerifyStatus,
} from '../verify/verify.ts';
import { durationText } from './catch-up.ts';

/** More of one table are in the report alone. */
const SHOWN = 100;

const isWell = ({ state }: TableResult): boolean => state === 'equal' || state === 'gone' || state === 'awaited';

export const areAllWell = (results: readonly TableResult[]): boolean =>
  results.every((result) => isWell(result) || (result.different === result.repaired && result.state === 'different'));

/** A line for each table, one for each difference below it, and one for all. */
export function resultsText(results: readonly TableResult[]): string {
  const lines = results.flatMap((result) => [
    tableLine(result),
    ...result.differences.slice(0, SHOWN).map(differenceLine),
    ...moreLine(result.differences),
    ...result.undecidedRows.slice(0, SHOWN).map(undecidedLine),
    ...moreLine(result.undecidedRows),
  ]);
  return `${[...lines, summary(results)].join('\n')}\n`;
}

const WORDS: Readonly<Record<TableState, string>> = {
  equal: 'equal',
  different: 'DIFFERENT',
  undecided: 'UNDECIDED',
  missing: 'MISSING in the target',
  awaited: 'not copied yet',
  unsupported: 'NOT COMPARED',
  gone: 'gone',
};

function tableLine(result: TableResult): string {
  const { database, table, state, reason, rows, different, isCut, undecided, repaired } = result;
  const parts = [
    `${database}.${table}: ${WORDS[state]}`,
    `${count(rows)} rows`,
    ...(different === 0 ? [] : [`${isCut ? 'at least ' : ''}${count(different)} different`]),
    ...(repaired === 0 ? [] : [`${count(repaired)} repaired`]),
    ...(undecided === 0 ? [] : [`${count(undecided)} undecided`]),
    ...(reason === '' ? [] : [reason]),
    ...columnsText('not in the target', result.missingColumns),
    ...columnsText('not compared', result.incomparableColumns),
  ];
  return parts.join(', ');
}

const columnsText = (what: string, names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`columns ${what}: ${names.join(', ')}`];

function differenceLine({ kind, shown, columns, values = {} }: Difference): string {
  const what =
    kind === 'missing'
      ? 'missing in the target'
      : kind === 'extra'
        ? 'in the target only'
        : `changed: ${columns.join(', ')}`;
  const shownValues = Object.entries(values).map(
    ([name, [source, target]]) => `\n    ${name}: ${text(source)} / ${text(target)}`,
  );
  return `  ${shown}: ${what}${shownValues.join('')}`;
}

const text = (value: string | null): string => (value === null ? 'NULL' : JSON.stringify(value));

const WHY: Readonly<Record<UndecidedWhy, string>> = {
  moving: 'it changed during every look',
  unfound: 'a server has this row, and does not find it by its key',
  alike: 'several rows show this key',
};

const undecidedLine = ({ shown, why }: UndecidedRow): string => `  ${shown}: undecided, ${WHY[why]}`;

function moreLine(rows: readonly unknown[]): readonly string[] {
  return rows.length <= SHOWN ? [] : [`  and ${count(rows.length - SHOWN)} more: --report FILE has them`];
}

function summary(results: readonly TableResult[]): string {
  const of = (state: TableState): number => results.filter((result) => result.state === state).length;
  const states = (Object.keys(WORDS) as TableState[]).filter((state) => of(state) > 0);
  const rows = results.reduce((sum, result) => sum + result.rows, 0);
  const counts = states.map((state) => `${count(of(state))} ${state}`).join(', ');
  return `${count(results.length)} tables, ${count(rows)} rows: ${counts === '' ? 'nothing to compare' : counts}`;
}

/** `shop.orders: 412,000 rows, about 61 %, 41,000 rows/s, about 6 s left, waits: apply` */
export function progressText({
  table,
  rows,
  estimatedRows,
  rowsPerSecond,
  open,
  different,
  waitsFor,
}: VerifyProgress): string {
  const left = rows < estimatedRows && rowsPerSecond > 0 ? (estimatedRows - rows) / rowsPerSecond : undefined;
  return [
    `${table}: ${count(rows)} rows`,
    ...(rows < estimatedRows ? [`about ${Math.floor((rows * 100) / estimatedRows)} %`] : []),
    `${count(rowsPerSecond)} rows/s`,
    ...(left === undefined ? [] : [`about ${durationText(Math.ceil(left))} left`]),
    ...(open === 0 ? [] : [`${count(open)} looked at again`]),
    ...(different === 0 ? [] : [`${count(different)} different`]),
    ...(waitsFor === undefined ? [] : [`waits for ${waitsFor}`]),
  ].join(', ');
}

/** What --report writes. */
export const reportOf = (results: readonly TableResult[], { passStartedAt, passEndedAt }: VerifyStatus): object => ({
  equal: areAllWell(results),
  passStartedAt: passStartedAt ?? null,
  passEndedAt: passEndedAt ?? null,
  tables: results,
});

const count = (n: number): string => n.toLocaleString('en-US');
