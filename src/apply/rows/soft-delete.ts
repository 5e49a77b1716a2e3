/** Rows that are deleted in the source, and kept in the target with the time of that. */
import type { Change } from './single-rows.ts';
import type { ColumnPlan, SoftDelete, TablePlan } from './table-plan.ts';

/**
 * The beginning of a statement that removes rows: WHERE has to follow. `committedMs`: when the delete was committed,
 * ms since 1970. A row that is marked already keeps its time.
 */
export function removal(plan: TablePlan, committedMs: number): string {
  const { softDelete } = plan;
  if (softDelete === undefined) return `DELETE FROM ${plan.sql}`;
  const mark = `${softDelete.sql} = COALESCE(${softDelete.sql}, TIMESTAMP"${timeText(softDelete, committedMs)}")`;
  return `UPDATE ${plan.sql} SET ${[mark, ...plan.keptOnUpdate.map((sql) => `${sql} = ${sql}`)].join()}`;
}

/** Cut, not rounded: a row is never deleted before it was written. */
function timeText({ digits }: SoftDelete, committedMs: number): string {
  const [date = '', time = ''] = new Date(committedMs).toISOString().slice(0, -1).split('T');
  const seconds = time.slice(0, 'HH:MM:SS'.length);
  return `${date} ${seconds}${digits === 0 ? '' : time.slice(seconds.length, seconds.length + 1 + digits)}`;
}

/** Whether the change gives the row another key. */
export const movesKey = (key: readonly ColumnPlan[], { old }: Change): boolean => key.some(({ name }) => old.has(name));
