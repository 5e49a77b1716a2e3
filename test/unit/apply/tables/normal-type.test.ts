import { expect, it } from 'vitest';
import { normalType } from '../../../../src/apply/tables/normal-type.ts';

it.each([
  ['int(11)', 'int'],
  ['INT(5) UNSIGNED ZEROFILL', 'int unsigned'],
  ['tinyint(1)', 'tinyint'],
  ['double(20,5)', 'double'],
  ['float(7,4) unsigned', 'float unsigned'],
  ['year(4)', 'year'],
  ['decimal(12,2)', 'decimal(12,2)'],
  ["ENUM('A','b  zerofill')", "enum('A','b  zerofill')"],
  ['geomcollection', 'geometrycollection'],
  ['uuid', 'binary(16)'],
  ['longtext /*M!100301 COMPRESSED*/', 'longtext'],
  ['bit(10)', 'bit(10)'],
])('%s is %s', (declared, type) => {
  expect(normalType(declared)).toBe(type);
});
