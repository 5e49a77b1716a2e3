import { expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import { ledgerGone } from '../../../../src/apply/ledger/ledger-gone.ts';

it.each([
  ["Table 'binlog_relay.apply_lane' doesn't exist (1146)", 'LEDGER_UNUSABLE'],
  ["Unknown database 'binlog_relay' (1049)", 'LEDGER_UNUSABLE'],
  ["Table 'copy_shop.orders' doesn't exist (1146)", 'TARGET_TABLE_MISSING'],
  // The ledger may stand beside the copy.
  ["Table 'binlog_relay.orders' doesn't exist (1146)", 'TARGET_TABLE_MISSING'],
])('what is missing, "%s", is %s', (text, code) => {
  const error = ledgerGone(new RelayError('TARGET_TABLE_MISSING', text), 'binlog_relay');
  expect(error.code).toBe(code);
  expect(error.message).toContain(text);
});
