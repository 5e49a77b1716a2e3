import { expect, it } from 'vitest';
import { unresumable } from '../../../src/source/mariadb-stored-position.ts';

const KNOWN = '0-1-100,0-2-40,5-1-7';

it.each([
  ['the newest transactions', '0-1-100,5-1-7', ''],
  ['an older one of any server', '0-2-40,5-1-3', ''],
  ['just where the oldest binlog begins', '0-1-50,5-1-7', '0-1-50,5-1-7'],
  ['behind another server of the domain, which only the dump can place', '0-2-3,5-1-7', '0-1-50'],
  ['nothing, of a server that has all', '', ''],
])('goes on from %s', (_what, position, purged) => {
  expect(unresumable(position, KNOWN, purged)).toBeUndefined();
});

it.each([
  ['unknown', 'a number that the server has not', '0-1-101,5-1-7', '', '0-1-101'],
  ['unknown', 'a server that it has not', '0-3-1', '', '0-3-1'],
  ['unknown', 'a domain that it has not', '0-1-100,9-1-1', '', '9-1-1'],
  ['purged', 'before the oldest binlog', '0-1-49,5-1-7', '0-1-50,5-1-7', '0-1-50'],
  ['purged', 'without a domain that is older', '0-1-100', '0-1-50,5-1-7', '5-1-7'],
  ['purged', 'nothing', '', '0-1-50', '0-1-50'],
] as const)('%s: %s', (kind, _what, position, purged, gtids) => {
  expect(unresumable(position, KNOWN, purged)).toEqual({ kind, gtids });
});
