import { RelayError } from '../../base/errors.ts';
import type { RowsHead } from './head.ts';
import { hasKeys, scanKeys, scanRows, type Row } from './scanner.ts';
import {
  deleteRow,
  deleteSameRow,
  freeKey,
  insertRow,
  replaceRow,
  updateRow,
  updateSameRow,
  type Change,
} from './single-rows.ts';
import { movesKey, removal } from './soft-delete.ts';
import type { Statements, TupleStatement } from './statements.ts';
import type { TablePlan } from './table-plan.ts';
import { dataEnd, readInvalidText, readOld, readOldKeys, readTail } from './tail.ts';
import { deleteRows, insertRows, nameIn, replaceRows } from './whole-rows.ts';

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

/**
 * How messages with the same head are written, which is the same for all of them. A head is read once for all bodies
 * that begin with the same bytes, so that this is known for nearly every message.
 */
interface Whole {
  readonly statement: TupleStatement;
  /** The names of a row's columns as they stand in it. */
  readonly keys: readonly Buffer[];
  /** Of the key's. */
  readonly ofKey: readonly Buffer[];
}

const KNOWN = new WeakMap<RowsHead, Whole>();

/** Without a look at the values; false when the message needs one. */
function addWhole(out: Statements, message: RowsMessage): boolean {
  const { body, begin, head, plan, rows } = message;
  if (head.kind === 'DELETE' && plan.key === undefined) return false;
  if (head.kind === 'UPDATE' && (plan.key === undefined || head.absent.length > 0)) return false;
  if (head.kind === 'DELETE' && plan.softDelete !== undefined) return addMarks(out, message);
  const { statement, ofKey } = wholeOf(message);
  if (head.kind === 'UPDATE' && changesKey(body, begin, ofKey)) return false;
  out.addRows(statement, body, begin, rows);
  return true;
}

/** The statement holds the time of the message. */
function addMarks(out: Statements, message: RowsMessage): boolean {
  const { body, begin, plan, rows } = message;
  if (plan.key === undefined) return false;
  out.addRows(deleteRows(plan, plan.key, scanKeys(body, begin), removalOf(message)), body, begin, rows);
  return true;
}

function removalOf({ body, plan }: RowsMessage): string {
  // The time is of no use where rows go.
  return removal(plan, plan.softDelete === undefined ? 0 : readTail(body).committedMs);
}

function wholeOf({ body, begin, head, plan }: RowsMessage): Whole {
  const known = KNOWN.get(head);
  if (known?.statement.plan === plan && hasKeys(body, begin, known.keys)) return known;
  // A copy: otherwise the whole body would be kept.
  const keys = scanKeys(body, begin).map((key) => Buffer.from(key));
  const ofKey = keys.filter((key) => plan.key?.some(({ name }) => name === nameIn(key)));
  const whole = { statement: statementOf(head, plan, keys), keys, ofKey };
  KNOWN.set(head, whole);
  return whole;
}

function statementOf({ kind }: RowsHead, plan: TablePlan, keys: readonly Buffer[]): TupleStatement {
  if (plan.key === undefined) return insertRows(plan, keys);
  return kind === 'DELETE' ? deleteRows(plan, plan.key, keys, removal(plan, 0)) : replaceRows(plan, keys);
}

/** Which columns have changed is the same for all rows of a message. `ofKey`: the names of the key's columns. */
function changesKey(body: Buffer, begin: number, ofKey: readonly Buffer[]): boolean {
  return readOldKeys(body, dataEnd(body, begin)).some((changed) => ofKey.some((key) => key.equals(changed)));
}

function addSingle(out: Statements, message: RowsMessage, isWanted?: (row: number) => boolean): void {
  for (const [i, change] of changesOf(message).entries()) {
    if (isWanted?.(i) !== false) addChange(out, message, change);
  }
}

function addChange(out: Statements, message: RowsMessage, change: Change): void {
  const { head, plan } = message;
  const { key, softDelete } = plan;
  if (key === undefined) {
    if (head.kind === 'INSERT') insertRow(out, plan, change);
    else if (head.kind === 'DELETE') deleteSameRow(out, plan, change);
    else updateSameRow(out, plan, change);
    return;
  }
  if (head.kind === 'INSERT') replaceRow(out, plan, change);
  else if (head.kind === 'DELETE') deleteRow(out, plan, key, change, removalOf(message));
  else if (head.absent.length > 0) {
    // What the message does not have is in the row alone: it moves, and its old key leaves no mark.
    if (softDelete !== undefined && movesKey(key, change)) freeKey(out, plan, key, softDelete, change);
    updateRow(out, plan, key, change);
  } else {
    if (movesKey(key, change)) deleteRow(out, plan, key, change, removalOf(message));
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
