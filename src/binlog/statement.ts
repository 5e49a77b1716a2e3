/**
 * What a QUERY event does to the transaction that it stands in.
 */
import { isBegin, readQuery } from './events/query.ts';
import { statementKind, type StatementKind } from './statement-kind.ts';
import { readXaStatement, type XaStatement } from './xid.ts';

/** See StatementKind. */
export type Statement =
  | { readonly kind: Exclude<StatementKind, 'xa' | 'data-change' | 'ddl'> }
  | {
      readonly kind: 'data-change' | 'ddl';
      /** See Query. */
      readonly database: string;
      readonly text: string;
    }
  | {
      readonly kind: `xa-${XaStatement['verb']}`;
      /** See XaStatement. */
      readonly xid: string;
    };

/** `end`: behind the body, without the checksum. Throws BINLOG_DECODE. BEGIN, the most frequent one, costs no object. */
export function readStatement(b: Buffer, start: number, end: number): Statement {
  if (isBegin(b, start, end)) return BEGIN;
  const { database, statement: text } = readQuery(b, start, end);
  const kind = statementKind(text);
  switch (kind) {
    case 'xa': {
      const { verb, xid } = readXaStatement(text);
      return { kind: `xa-${verb}`, xid };
    }
    case 'data-change':
    case 'ddl':
      return { kind, database, text };
    default:
      return { kind };
  }
}

const BEGIN: Statement = { kind: 'begin' };
