import { describe, expect, it } from 'vitest';
import { readXaStatement } from '../../../../src/binlog/statements/xid.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

describe('readXaStatement', () => {
  it.each([
    ["XA START X'7831',X'',1", { verb: 'start', xid: "X'7831',X'',1" }],
    ["XA END X'00FF',X'2c27',4294967295", { verb: 'end', xid: "X'00ff',X'2c27',4294967295" }],
    ["XA COMMIT X'00ff',X'2C27',0", { verb: 'commit', xid: "X'00ff',X'2c27',0" }],
    ["XA ROLLBACK X'7831',X'',1", { verb: 'rollback', xid: "X'7831',X'',1" }],
  ])('reads %s', (statement, expected) => {
    expect(readXaStatement(statement)).toEqual(expected);
  });

  it.each(["XA START 'x'", "XA COMMIT X'78',X'',1 ONE PHASE", "XA RECOVER X'78',X'',1", "XA COMMIT X'78',X'',"])(
    'refuses what a server does not write: %s',
    (statement) => {
      expect(codeOf(() => readXaStatement(statement))).toBe('BINLOG_DECODE');
    },
  );
});
