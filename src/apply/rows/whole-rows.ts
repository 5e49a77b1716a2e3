/** Statements of messages whose rows need no look at their values. */
import { columnOf, type ColumnPlan, type TablePlan } from './table-plan.ts';
import type { TupleStatement } from './statements.ts';
import { CONDITIONS, KEYS, tupleColumn, VALUES } from './tuples.ts';

/** `key`: a column's name as it stands in the rows, with quotes and colon. */
export function nameIn(key: Uint8Array): string {
  return String(JSON.parse(Buffer.from(key.buffer, key.byteOffset, key.length - 1).toString()));
}

/** Writes whole rows over what the target has. `keys`: of the columns, in the order of the rows. */
export function replaceRows(plan: TablePlan, keys: readonly Uint8Array[]): TupleStatement {
  return writeRows('REPLACE', plan, keys);
}

/** For a table without a key. */
export function insertRows(plan: TablePlan, keys: readonly Uint8Array[]): TupleStatement {
  return writeRows('INSERT', plan, keys);
}

function writeRows(verb: string, plan: TablePlan, keys: readonly Uint8Array[]): TupleStatement {
  const columns = keys.map((key) => columnOf(plan, nameIn(key)));
  const written = columns.filter(({ isGenerated }) => !isGenerated);
  return {
    plan,
    before: `${verb} INTO ${plan.sql} (${written.map(({ sql }) => sql).join()}) VALUES `,
    after: '',
    columns: keys.map((key, i) => tupleColumn(key, columns[i]?.isGenerated === true ? undefined : columns[i]?.value)),
    shape: VALUES,
  };
}

/** Removes rows by their keys; `keys` as above, `removal`: the statement up to WHERE. */
export function deleteRows(
  plan: TablePlan,
  key: readonly ColumnPlan[],
  keys: readonly Uint8Array[],
  removal: string,
): TupleStatement {
  const comparesOneByOne = plan.comparesOneByOne && key.length > 1;
  const columns = keys.map((bytes) => ({ bytes, column: columnOf(plan, nameIn(bytes)) }));
  // In the order of the rows, which need not be that of the key.
  const compared = columns.filter(({ column }) => key.includes(column)).map(({ column }) => column.sql);
  const left = compared.length === 1 ? compared.join() : `(${compared.join()})`;
  return {
    plan,
    before: comparesOneByOne ? `${removal} WHERE ` : `${removal} WHERE ${left} IN (`,
    after: comparesOneByOne ? '' : ')',
    columns: columns.map(({ bytes, column }) =>
      tupleColumn(bytes, key.includes(column) ? column.key : undefined, comparesOneByOne ? `${column.sql} = ` : ''),
    ),
    shape: comparesOneByOne ? CONDITIONS : KEYS,
  };
}
