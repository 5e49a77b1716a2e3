import { describe, expect, it } from 'vitest';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import type { Query } from '../../../../src/binlog/statements/query.ts';
import { readStatement, type Statement } from '../../../../src/binlog/statements/statement.ts';
import { codeOf, madeEvent } from '../../../support/binlog-fixture.ts';

/** A QUERY event of a session whose default database is `shop`. */
function read(text: string): Statement {
  const head = Buffer.alloc(13);
  head.writeUInt8('shop'.length, 8);
  const event = madeEvent(EVENT.QUERY, Buffer.concat([head, Buffer.from(`shop\0${text}`)]));
  return readStatement(event, 0, event.length);
}

const query = (statement: string): Query => ({
  database: 'shop',
  statement,
  quoting: undefined,
  databases: undefined,
  errorCode: 0,
});

describe('readStatement', () => {
  it.each<[string, Statement]>([
    ['BEGIN', { kind: 'begin' }],
    ['START TRANSACTION', { kind: 'begin' }],
    ['COMMIT', { kind: 'commit' }],
    ['ROLLBACK', { kind: 'rollback' }],
    ['SAVEPOINT s', { kind: 'savepoint-set', savepoint: 's' }],
    ['SAVEPOINT `Été to`', { kind: 'savepoint-set', savepoint: 'ete to' }],
    ['ROLLBACK TO `S`', { kind: 'savepoint-rollback', savepoint: 's' }],
    ['ROLLBACK WORK TO SAVEPOINT `savepoint`', { kind: 'savepoint-rollback', savepoint: 'savepoint' }],
    ['RELEASE SAVEPOINT s', { kind: 'savepoint-release', savepoint: 's' }],
    ['DROP USER u', { kind: 'account' }],
    ['DROP TABLE t', { kind: 'ddl', query: query('DROP TABLE t') }],
    ['DELETE FROM t', { kind: 'data-change', query: query('DELETE FROM t') }],
    ["XA START X'78',X'',1", { kind: 'xa-start', xid: "X'78',X'',1" }],
    ["XA END X'78',X'',1", { kind: 'xa-end', xid: "X'78',X'',1" }],
    ["XA COMMIT X'78',X'',1", { kind: 'xa-commit', xid: "X'78',X'',1" }],
    ["XA ROLLBACK X'78',X'',1", { kind: 'xa-rollback', xid: "X'78',X'',1" }],
  ])('%s', (text, statement) => {
    expect(read(text)).toEqual(statement);
  });

  it('makes no object for the BEGIN of each transaction', () => {
    expect(read('BEGIN')).toBe(read('BEGIN'));
  });

  it('refuses an XA statement that no server writes', () => {
    expect(codeOf(() => read("XA RECOVER X'78'"))).toBe('BINLOG_DECODE');
  });
});
