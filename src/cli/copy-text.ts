/** Copies of tables as an operator reads them. Pure. */
import type { ShownCopy, ShownTable } from '../admin/copies.ts';
import type { CopyProgress } from '../relay/relay.ts';
import { durationText } from './catch-up.ts';

/** What GET /copies gives. */
export interface ShownCopies {
  /** The oldest first. */
  readonly copies: readonly ShownCopy[];
  readonly copying: CopyProgress | null;
}

/** How far the table is that is being copied, in figures for a log. */
export interface CopyFigures {
  readonly copy: string;
  readonly table: string;
  readonly rows: number;
  /** Of what the server thinks the table has; undefined when it has more. */
  readonly percent: number | undefined;
  readonly rowsPerSecond: number;
  readonly remainingSeconds: number | undefined;
  readonly waitsFor: string | undefined;
}

export function copyFigures(progress: CopyProgress, nowMs: number): CopyFigures {
  const { copy, table, rows, estimatedRows, rowsPerSecond, expectedEndMs, waitsFor } = progress;
  // The estimate may be far too small, and is 0 for a table that the server knows little of.
  const isBeyond = rows >= estimatedRows;
  return {
    copy,
    table,
    rows,
    percent: isBeyond ? undefined : Math.floor((rows * 100) / estimatedRows),
    rowsPerSecond,
    remainingSeconds:
      isBeyond || expectedEndMs === undefined ? undefined : Math.max(0, Math.ceil((expectedEndMs - nowMs) / 1000)),
    waitsFor,
  };
}

/** `shop.orders: 412,000 rows, about 61 %, 41,000 rows/s, about 6 s left` */
export function figuresText({ table, rows, percent, rowsPerSecond, remainingSeconds, waitsFor }: CopyFigures): string {
  const parts = [
    `${table}: ${count(rows)} rows`,
    ...(percent === undefined ? [] : [`about ${percent} %`]),
    `${count(rowsPerSecond)} rows/s`,
    ...(remainingSeconds === undefined ? [] : [`about ${durationText(remainingSeconds)} left`]),
    ...(waitsFor === undefined ? [] : [`waits: ${waitsFor}`]),
  ];
  return parts.join(', ');
}

/** Some lines for each copy, the newest last; empty when there is none. */
export function copiesText({ copies, copying }: ShownCopies, nowMs: number): string {
  return copies.map((copy) => copyLines(copy, copying, nowMs).join('\n') + '\n').join('\n');
}

function copyLines(copy: ShownCopy, copying: CopyProgress | null, nowMs: number): readonly string[] {
  const { id, patterns, part, requestedAt, tables = [] } = copy;
  const figures = copying?.copy === id ? copyFigures(copying, nowMs) : undefined;
  const begun = tables.filter((table) => table.state === 'copying' && nameOf(table) !== figures?.table);
  const failed = tables.filter(({ state }) => state === 'failed');
  return [
    `copy ${id} of ${requestedAt}: ${patterns.join(' ')}${partText(part)}`,
    `  ${stateOf(copy)}${tablesText(copy)}`,
    ...(figures === undefined ? [] : [`  now ${figuresText(figures)}${endText(figures, nowMs)}`]),
    ...begun.map((table) => `  begun ${nameOf(table)}: ${count(table.rows)} rows`),
    ...failed.map((table) => `  failed ${nameOf(table)}: ${table.reason ?? 'for no known reason'}`),
  ];
}

function partText(part: ShownCopy['part']): string {
  if (part === undefined) return '';
  return part.of === 'range' ? ', a range of keys' : `, ${count(part.count)} ${part.count === 1 ? 'key' : 'keys'}`;
}

function stateOf({ endedAt, isCancelled, isPaused, tables }: ShownCopy): string {
  if (endedAt !== undefined) return `${isCancelled === true ? 'cancelled' : 'ended'} at ${endedAt}`;
  if (isPaused) return 'paused';
  return tables === undefined ? 'waits for its turn' : 'goes on';
}

function tablesText({ tables, outcome }: ShownCopy): string {
  if (tables === undefined) return '';
  const all = outcome?.tables ?? tables.length;
  if (all === 0) return ': names no published table';
  const rows = outcome?.rows ?? tables.reduce((sum, table) => sum + table.rows, 0);
  const copied = outcome?.copied ?? tables.filter(({ state }) => state === 'copied').length;
  const others = (['failed', 'gone'] as const)
    .map((state) => [state, tables.filter((table) => table.state === state).length] as const)
    .filter(([, of]) => of > 0)
    .map(([state, of]) => `, ${count(of)} ${state}`);
  return `: ${count(copied)} of ${count(all)} tables copied${others.join('')}, ${count(rows)} rows`;
}

const endText = ({ remainingSeconds }: CopyFigures, nowMs: number): string =>
  remainingSeconds === undefined ? '' : `: at ${new Date(nowMs + 1000 * remainingSeconds).toISOString()}`;

const nameOf = ({ database, table }: ShownTable): string => `${database}.${table}`;

const count = (n: number): string => n.toLocaleString('en-US');
