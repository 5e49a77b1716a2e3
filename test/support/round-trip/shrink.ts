import type { Attempt, Outcome } from './attempt.ts';
import type { Operation, TestTransaction } from './workload.ts';

const MAX_ATTEMPTS = 120;

export interface Shrunk {
  readonly attempt: Attempt;
  readonly outcome: Outcome;
}

/**
 * The smallest attempt that still fails: one table, then one row, then fewer statements and columns. `run` makes an
 * attempt; every one is on fresh tables.
 */
export async function shrink(failed: Shrunk, run: (attempt: Attempt) => Promise<Outcome>): Promise<Shrunk> {
  let best = failed;
  let attempts = 0;
  const tryOut = async (attempt: Attempt): Promise<boolean> => {
    if (attempts >= MAX_ATTEMPTS) return false;
    attempts += 1;
    const outcome = await run(attempt);
    if (kindOf(outcome) !== kindOf(failed.outcome)) return false;
    best = { attempt, outcome };
    return true;
  };

  const { difference } = failed.outcome.problem ?? {};
  const suspects = difference === undefined ? failed.attempt.tables : [difference.table];
  if (failed.attempt.tables.length > 1) {
    for (const table of suspects) {
      if (await tryOut(onlyTable(failed.attempt, failed.attempt.tables.indexOf(table)))) break;
    }
  }
  if (difference !== undefined) await tryOut(onlyRow(best.attempt, difference.n));
  await reduceList(
    () => operationsOf(best.attempt),
    (operations) => tryOut(withOperations(best.attempt, operations)),
  );
  await reduceList(
    () => rowsOf(best.attempt),
    (rows) => tryOut(onlyRow(best.attempt, ...rows)),
  );
  if (best.attempt.tables.length === 1) {
    await reduceList(
      () => columnsOf(best.attempt),
      (columns) => tryOut({ ...best.attempt, kept: withNeeded(best.attempt, columns) }),
    );
  }
  await reduceList(
    () => operationsOf(best.attempt),
    (operations) => tryOut(withOperations(best.attempt, operations)),
  );
  return best;
}

/** A smaller attempt may fail in another way: that is not the one that is looked for. */
const kindOf = ({ problem }: Outcome): string | undefined => problem?.what.split(':').slice(0, 2).join(':');

/** Leaves out halves, then quarters, and so on down to single elements, as long as `stillFails`. */
async function reduceList<T>(
  list: () => readonly T[],
  stillFails: (rest: readonly T[]) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(list().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < list().length;) {
      const rest = [...list().slice(0, from), ...list().slice(from + size)];
      if (!(await stillFails(rest))) from += size;
    }
  }
}

function onlyTable({ tables, transactions, ...rest }: Attempt, table: number): Attempt {
  const of = transactions.map((transaction) => ({
    ...transaction,
    operations: transaction.operations
      .filter((operation) => operation.table === table)
      .map((each) => ({ ...each, table: 0 })),
  }));
  return { ...rest, tables: tables.slice(table, table + 1), transactions: withoutEmpty(of) };
}

function onlyRow({ transactions, ...rest }: Attempt, ...ns: readonly number[]): Attempt {
  const of = transactions.map((transaction) => ({
    ...transaction,
    operations: transaction.operations.map((each) => ofRows(each, ns)).filter(({ rows }) => rows.length > 0),
  }));
  return { ...rest, transactions: withoutEmpty(of) };
}

function ofRows(operation: Operation, ns: readonly number[]): Operation {
  if (operation.kind === 'insert') return { ...operation, rows: operation.rows.filter(({ n }) => ns.includes(n)) };
  return { ...operation, rows: operation.rows.filter(({ n }) => ns.includes(n)) };
}

const withoutEmpty = (transactions: readonly TestTransaction[]): readonly TestTransaction[] =>
  transactions.filter(({ operations }) => operations.length > 0);

const operationsOf = ({ transactions }: Attempt): readonly Operation[] =>
  transactions.flatMap(({ operations }) => operations);

function withOperations(attempt: Attempt, operations: readonly Operation[]): Attempt {
  const wanted = new Set(operations);
  const transactions = attempt.transactions.map((transaction) => ({
    ...transaction,
    operations: transaction.operations.filter((operation) => wanted.has(operation)),
  }));
  return { ...attempt, transactions: withoutEmpty(transactions) };
}

const rowsOf = (attempt: Attempt): readonly number[] => [
  ...new Set(operationsOf(attempt).flatMap(({ rows }) => rows.map(({ n }) => n))),
];

/** Columns that may go: all but those of the key. */
function columnsOf({ tables: [table], kept }: Attempt): readonly number[] {
  const all = table?.columns.map((_, i) => i).filter((i) => !table.key.includes(i)) ?? [];
  return kept === undefined ? all : all.filter((i) => kept.has(i));
}

/** With those of the key, and those that a generated one among them is made from. */
function withNeeded({ tables: [table] }: Attempt, columns: readonly number[]): ReadonlySet<number> {
  const made = columns.flatMap((i) => table?.columns[i]?.generated?.from ?? -1);
  return new Set([...(table?.key ?? []), ...columns, ...made]);
}
