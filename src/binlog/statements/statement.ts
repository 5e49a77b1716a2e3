/**
 * What a QUERY event does to the transaction that it stands in.
 */
import { isBegin, readQuery, type Query } from './query.ts';
import { readSavepointStatement, type SavepointStatement } from './savepoint.ts';
import { statementKind, type StatementKind } from './statement-kind.ts';
import { readXaStatement, type XaStatement } from './xid.ts';

/** See StatementKind. */
export type Statement =
  | { readonly kind: Exclude<StatementKind, 'savepoint' | 'xa' | 'data-change' | 'ddl'> }
  | {
      readonly kind: `savepoint-${SavepointStatement['verb']}`;
      /** See SavepointStatement. */
      readonly savepoint: string;
    }
  | {
      readonly kind: 'data-change' | 'ddl';
      readonly query: Query;
    }
  | {
      readonly kind: `xa-${XaStatement['verb']}`;
      /** See XaStatement. */
      readonly xid: string;
    };

/** `end`: after the body, without the checksum. Throws BINLOG_DECODE. BEGIN, the most frequent one, costs no object. */
export function readStatement(b: Buffer, start: number, end: number): Statement {
  if (isBegin(b, start, end)) return BEGIN;
  const query = readQuery(b, start, end);
  const kind = statementKind(query.statement, query.quoting);
  switch (kind) {
    case 'savepoint': {
      const { verb, savepoint } = readSavepointStatement(query);
      return { kind: `savepoint-${verb}`, savepoint };
    }
    case 'xa': {
      const { verb, xid } = readXaStatement(query.statement);
      return { kind: `xa-${verb}`, xid };
    }
    case 'data-change':
    case 'ddl':
      return { kind, query };
    default:
      return { kind };
  }
}

const BEGIN: Statement = { kind: 'begin' };
