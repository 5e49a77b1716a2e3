import { RelayError } from '../../base/errors.ts';
import { malformed } from './malformed.ts';
import { scanKeys, scanRows, scanStrings, type Row, type Scanned } from './scanner.ts';

/** What stands after the rows of `data`, as far as it was asked for. */
export interface Tail {
  /** GTID of the last row's transaction; empty without GTIDs. */
  readonly gtid: string;
  /** Commit time of that transaction, ms since 1970. */
  readonly committedMs: number;
}

/** Values of a row that are in base64, because their bytes are no text. */
export interface InvalidText {
  readonly row: number;
  readonly data?: readonly string[];
  readonly old?: readonly string[];
}

const OLD = Buffer.from('],"old":');
const CHANGES = Buffer.from(',"changes":[');
const INVALID_TEXT = Buffer.from('],"invalidText":');
const GTID = Buffer.from('],"gtid":');
const BRACKET = 0x5b;
const BRACE = 0x7b;

/** Where the bracket after the rows of `data` stands, the first of which begins at `begin`. */
export function dataEnd(body: Buffer, begin: number): number {
  // No text that is encoded as JSON holds it.
  const end = body.indexOf(OLD, begin - 1);
  if (end === -1) throw new RelayError('MESSAGE_UNREADABLE', 'the body has no `old` after its rows');
  return end;
}

/** The previous values, one object a row; empty where there are none. `end`: where the bracket of `data` stands. */
export function readOld(body: Buffer, end: number): readonly Row[] {
  const at = oldBegin(body, end);
  return body[at] === BRACKET ? scanRows(body, at + 1).value : [];
}

/** The names of the columns that have changed, as they stand in the first row of `old`. `end` as above. */
export function readOldKeys(body: Buffer, end: number): readonly Buffer[] {
  const at = oldBegin(body, end);
  return body[at] === BRACKET && body[at + 1] === BRACE ? scanKeys(body, at + 1) : [];
}

function oldBegin(body: Buffer, end: number): number {
  const at = end + OLD.length;
  if (!body.subarray(end, at).equals(OLD)) throw malformed(end, '`old`');
  return at;
}

/** The rest of each row's change id. `end` as above. */
export function readChanges(body: Buffer, end: number): Scanned<readonly string[]> {
  const at = end + OLD.length;
  const afterOld = body[at] === BRACKET ? scanRows(body, at + 1).end + 1 : at + 'null'.length;
  if (!body.subarray(afterOld, afterOld + CHANGES.length).equals(CHANGES)) throw malformed(afterOld, '`changes`');
  return scanStrings(body, afterOld + CHANGES.length);
}

/** `end` as above. */
export function readInvalidText(body: Buffer, end: number): readonly InvalidText[] {
  const at = readChanges(body, end).end;
  if (!body.subarray(at, at + INVALID_TEXT.length).equals(INVALID_TEXT)) return [];
  const from = at + INVALID_TEXT.length;
  return parsed(body.toString('utf8', from, body.lastIndexOf(GTID) + 1)) as readonly InvalidText[];
}

/** Throws MESSAGE_UNREADABLE. */
export function readTail(body: Buffer): Tail {
  const at = body.lastIndexOf(GTID);
  if (at === -1) throw new RelayError('MESSAGE_UNREADABLE', 'the body has no `gtid` after its rows');
  const { gtid, es } = parsed(`{${body.toString('utf8', at + 2)}`) as {
    readonly gtid?: unknown;
    readonly es?: unknown;
  };
  if (typeof gtid !== 'string' || typeof es !== 'number') {
    throw new RelayError('MESSAGE_UNREADABLE', '`gtid` or `es` of the body is not what the relay writes');
  }
  return { gtid, committedMs: es };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new RelayError('MESSAGE_UNREADABLE', 'what stands after `data` in the body is not JSON');
  }
}
