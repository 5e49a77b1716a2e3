/**
 * The identifier of an XA branch, and the XA statements as the server writes them to the binlog: identifiers always in
 * hexadecimal. Source: serialize_xid in sql/xa_aux.h; XA_prepare_log_event::do_commit in sql/log_event.cc
 *
 *   XA START X'<gtrid>',X'<bqual>',<format id>      and likewise XA END, XA COMMIT, XA ROLLBACK
 */
import { RelayError } from '../../base/errors.ts';
import type { Cursor } from '../wire/cursor.ts';

export interface XaStatement {
  readonly verb: 'start' | 'end' | 'commit' | 'rollback';
  /** As MySQL takes it after XA COMMIT: `X'7831',X'',1`. The same branch has the same text in every statement. */
  readonly xid: string;
}

const STATEMENT = /^XA (START|END|COMMIT|ROLLBACK) X'([0-9a-f]*)',X'([0-9a-f]*)',(\d+)$/i;

/** Throws BINLOG_DECODE for a text that the server does not write. */
export function readXaStatement(statement: string): XaStatement {
  const [, word = '', gtrid = '', bqual = '', formatId = ''] = STATEMENT.exec(statement) ?? [];
  const verb = VERBS.get(word.toUpperCase());
  if (verb === undefined) {
    throw new RelayError('BINLOG_DECODE', `an XA statement in an unknown form: ${statement.slice(0, MAX_CHARACTERS)}`);
  }
  return { verb, xid: `${xidNames(gtrid, bqual)},${formatId}` };
}

/**
 * The text of an xid without its format id, which XA_PREPARE holds only the lower 32 bits of. `gtrid` and `bqual` in
 * hexadecimal.
 */
export const xidNames = (gtrid: string, bqual: string): string => `X'${gtrid.toLowerCase()}',X'${bqual.toLowerCase()}'`;

/** The same of the next bytes of an event. */
export function readXidNames(cursor: Cursor, gtridBytes: number, bqualBytes: number): string {
  const gtrid = cursor.view(gtridBytes, 'a gtrid').toString('hex');
  return xidNames(gtrid, cursor.view(bqualBytes, 'a bqual').toString('hex'));
}

const VERBS = new Map<string, XaStatement['verb']>([
  ['START', 'start'],
  ['END', 'end'],
  ['COMMIT', 'commit'],
  ['ROLLBACK', 'rollback'],
]);

/** The longest that the server writes: 64 bytes each, and 64 bits. */
const MAX_CHARACTERS = 320;
