import { expect, it } from 'vitest';
import { holds, holdsList } from '../../../src/verify/pass/places.ts';
import type { Asked } from '../../../src/verify/verify.ts';

it('compares positions of MariaDB domain by domain', () => {
  expect(holdsList('0-1-23,5-2-7', '0-1-23')).toBe(true);
  expect(holdsList('0-2-24', '0-1-23')).toBe(true);
  expect(holdsList('0-1-22,5-2-7', '0-1-23')).toBe(false);
  expect(holdsList('0-1-23', '0-1-23,5-2-7')).toBe(false);
  expect(holdsList('0-1-18446744073709551614', '0-1-18446744073709551615')).toBe(false);
});

it('compares files and offsets without GTIDs, by the number of the file', () => {
  const asked: Asked = { flavour: 'mysql', query: () => Promise.reject(new Error('nothing is to be asked')) };
  const at = (position: string): { gtidSet: string; position: string } => ({ gtidSet: '', position });
  expect(holds(asked, at('binlog.000010:4'), at('binlog.000009:900'))).toBe(true);
  expect(holds(asked, at('binlog.999999:900'), at('binlog.1000000:4'))).toBe(false);
  expect(holds(asked, at('binlog.000009:899'), at('binlog.000009:900'))).toBe(false);
  expect(holds(asked, at(''), at('binlog.000009:900'))).toBe(false);
});
