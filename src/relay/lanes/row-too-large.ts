import { RelayError } from '../../base/errors.ts';
import type { RowChange } from '../../change/change.ts';
import type { TablePlan } from '../tables/table-plan.ts';

/**
 * ROW_TOO_LARGE for a row whose message would have `bytes`, where `maxBytes` are taken. Names its key by columns, never
 * by values.
 */
export function rowTooLarge(
  { name, table }: TablePlan,
  change: RowChange,
  bytes: number,
  maxBytes: number,
): RelayError {
  const keyColumns = table.primaryKey.map(({ column }) => column.name);
  const { source, number } = change.transaction;
  const changeId = `${source}:${Buffer.from(number).toString()}#${change.n}${change.isInsertHalf ? '+' : ''}`;
  const key = keyColumns.length === 0 ? 'without a primary key' : `with the primary key ${keyColumns.join(', ')}`;
  return new RelayError(
    'ROW_TOO_LARGE',
    `change ${changeId}: a row of ${name} (${key}) makes a message of ${bytes} bytes, the sink takes ${maxBytes}`,
    { details: { table: name, keyColumns, change: changeId, bytes, maxBytes } },
  );
}
