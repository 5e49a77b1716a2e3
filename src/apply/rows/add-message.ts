import { RelayError } from '../../base/errors.ts';
import type { RowsHead } from './head.ts';
import { scanKeys, scanRows, type Row } from './scanner.ts';
import {
  deleteRow,
  deleteSameRow,
  insertRow,
  replaceRow,
  updateRow,
  updateSameRow,
  type Change,
} from './single-rows.ts';
import type { Statements, TupleStatement } from './statements.ts';
import type { ColumnPlan, TablePlan } from './table-plan.ts';
import { dataEnd, readInvalidText, readOld } from './tail.ts';
import { deleteRows, insertRows, replaceRows } from './whole-rows.ts';

/** A message of rows, and what is known of it. */
export interface RowsMessage {
  readonly body: Buffer;
  /** Where the first row of `data` begins. */
  readonly begin: number;
  readonly head: RowsHead;
  readonly plan: TablePlan;
  /** How many rows it has, as the message says. */
  readonly rows: number;
  /** Whether the body has `invalidText`. */
  readonly hasInvalidText: boolean;
}

/**
 * Adds the changes of a message. `isWanted` chooses among them by their place in `data`; without it all are. Throws
 * MESSAGE_UNREADABLE, MESSAGE_UNKNOWN and ROW_NOT_WHOLE; the statements are of no use then.
 */
export function addMessage(out: Statements, message: RowsMessage, isWanted?: (row: number) => boolean): void {
  requireKnownForm(message);
  const { head, plan, hasInvalidText } = message;
  if (head.kind !== 'DELETE' || plan.key === undefined) requireWhole(message);
  const isPlain = !head.isLatin1 && !hasInvalidText && isWanted === undefined;
  if (!isPlain || !addWhole(out, message)) addSingle(out, message, isWanted);
}

/** Without a look at the values; false when the message needs one. */
function addWhole(out: Statements, { body, begin, head, plan, rows }: RowsMessage): boolean {
  const { key } = plan;
  const add = (statement: TupleStatement): number => out.addRows(statement, body, begin, rows);
  const keys = scanKeys(body, begin);
  switch (head.kind) {
    case 'INSERT':
      add(key === undefined ? insertRows(plan, keys) : replaceRows(plan, keys));
      return true;
    case 'DELETE':
      if (key === undefined) return false;
      add(deleteRows(plan, key, keys));
      return true;
    case 'UPDATE':
      if (key === undefined || head.absent.length > 0 || changesKey(body, begin, key)) return false;
      add(replaceRows(plan, keys));
      return true;
  }
}

/** Which columns have changed is the same for all rows of a message. */
function changesKey(body: Buffer, begin: number, key: readonly ColumnPlan[]): boolean {
  const [first] = readOld(body, dataEnd(body, begin), 1);
  return first !== undefined && key.some(({ name }) => first.has(name));
}

function addSingle(out: Statements, message: RowsMessage, isWanted?: (row: number) => boolean): void {
  for (const [i, change] of changesOf(message).entries()) {
    if (isWanted?.(i) !== false) addChange(out, message, change);
  }
}

function addChange(out: Statements, { head, plan, begin, body }: RowsMessage, change: Change): void {
  const { key } = plan;
  if (key === undefined) {
    if (head.kind === 'INSERT') insertRow(out, plan, change);
    else if (head.kind === 'DELETE') deleteSameRow(out, plan, change);
    else updateSameRow(out, plan, change);
    return;
  }
  if (head.kind === 'INSERT') replaceRow(out, plan, change);
  else if (head.kind === 'DELETE') deleteRow(out, plan, key, change);
  else if (head.absent.length > 0) updateRow(out, plan, key, change);
  else {
    if (changesKey(body, begin, key)) deleteRow(out, plan, key, change);
    replaceRow(out, plan, change);
  }
}

const NO_ROW: Row = new Map();
const NONE: ReadonlySet<string> = new Set();

function changesOf({ body, begin, head, rows, hasInvalidText }: RowsMessage): readonly Change[] {
  const data = scanRows(body, begin);
  const old = head.kind === 'UPDATE' ? readOld(body, data.end) : [];
  if (data.value.length !== rows || (head.kind === 'UPDATE' && old.length !== rows)) {
    throw new RelayError('MESSAGE_UNREADABLE', `the body has ${data.value.length} rows, and the message says ${rows}`);
  }
  const invalid = new Map((hasInvalidText ? readInvalidText(body, data.end) : []).map((entry) => [entry.row, entry]));
  return data.value.map((row, i) => ({
    row,
    old: old[i] ?? NO_ROW,
    invalid: new Set(invalid.get(i)?.data ?? NONE),
    invalidOld: new Set(invalid.get(i)?.old ?? NONE),
    isLatin1: head.isLatin1,
  }));
}

function requireKnownForm({ head }: RowsMessage): void {
  if (head.timeZone === undefined) return;
  throw new RelayError('MESSAGE_UNKNOWN', `its TIMESTAMP values are in the time zone ${head.timeZone}, not in UTC`, {
    remedy:
      'Nothing was skipped. Take publish.timeZone out of the configuration of the relay, and copy the tables again.',
  });
}

function requireWhole({ head, plan }: RowsMessage): void {
  const isCut = head.omitted.length > 0;
  if (!isCut && (plan.key !== undefined || head.absent.length === 0)) return;
  const lacking = isCut ? head.omitted : head.absent;
  const why = isCut
    ? 'the row was too large for a message'
    : 'the binlog does not bring them, and the table has no key';
  throw new RelayError('ROW_NOT_WHOLE', `columns ${lacking.join(', ')} are left out: ${why}`);
}
