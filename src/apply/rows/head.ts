import { RelayError } from '../../base/errors.ts';

/** What a message says of all its rows: everything in the body before `data`. */
export interface RowsHead {
  readonly kind: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly database: string;
  readonly table: string;
  /** Columns of the key; undefined for a table without one. */
  readonly key: readonly string[] | undefined;
  /** Declared type of each column, as the relay writes it. */
  readonly types: ReadonlyMap<string, string>;
  /** The server's part of the change ids. */
  readonly source: string;
  /** Columns that are left out of rows that are too large. */
  readonly omitted: readonly string[];
  /** Columns that the binlog does not bring; of an update, columns whose previous values it does not bring. */
  readonly absent: readonly string[];
  readonly oldAbsent: readonly string[];
  /** Of the texts of TIMESTAMP columns; undefined for UTC. */
  readonly timeZone: string | undefined;
  /** Binary columns are not in base64, but each byte is the character of its number. */
  readonly isLatin1: boolean;
}

/**
 * No text that is encoded as JSON holds it, no column's type begins with a bracket, and nothing before `data` has a
 * key of this name with a list.
 */
const DATA = Buffer.from(',"data":[');

/** Where the first row of `data` begins. Throws MESSAGE_UNREADABLE when the body has no `data`. */
export function rowsBegin(body: Buffer): number {
  const at = body.indexOf(DATA);
  if (at === -1) throw new RelayError('MESSAGE_UNREADABLE', 'the body has no rows in `data`');
  return at + DATA.length;
}

/** `begin`: what `rowsBegin` gave. Throws MESSAGE_UNREADABLE. */
export function readHead(body: Buffer, begin: number): RowsHead {
  const head = parsed(body.toString('utf8', 0, begin - DATA.length) + '}');
  const kind = head['type'];
  if (kind !== 'INSERT' && kind !== 'UPDATE' && kind !== 'DELETE') throw missing('type');
  const { pkNames, mysqlType, timeZone, binary } = head;
  if (typeof mysqlType !== 'object' || mysqlType === null) throw missing('mysqlType');
  return {
    kind,
    database: text(head, 'database'),
    table: text(head, 'table'),
    key: pkNames === null ? undefined : texts(head, 'pkNames'),
    types: new Map(Object.entries(mysqlType).map(([name, type]) => [name, String(type)])),
    source: text(head, 'source'),
    omitted: head['omitted'] === undefined ? [] : texts(head, 'omitted'),
    absent: head['absent'] === undefined ? [] : texts(head, 'absent'),
    oldAbsent: head['oldAbsent'] === undefined ? [] : texts(head, 'oldAbsent'),
    timeZone: timeZone === undefined ? undefined : text(head, 'timeZone'),
    isLatin1: binary === 'latin1',
  };
}

type Json = Readonly<Record<string, unknown>>;

function parsed(json: string): Json {
  try {
    return JSON.parse(json) as Json;
  } catch {
    throw new RelayError('MESSAGE_UNREADABLE', 'what stands before `data` in the body is not JSON');
  }
}

function text(head: Json, name: string): string {
  const value = head[name];
  if (typeof value !== 'string') throw missing(name);
  return value;
}

function texts(head: Json, name: string): readonly string[] {
  const value = head[name];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw missing(name);
  return value;
}

const missing = (name: string): RelayError =>
  new RelayError('MESSAGE_UNREADABLE', `\`${name}\` of the body is not what the relay writes`);
