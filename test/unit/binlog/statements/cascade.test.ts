import { expect, it } from 'vitest';
import { hasCascade } from '../../../../src/binlog/statements/cascade.ts';

const QUOTING = { ansiQuotes: false, backslashEscapes: true };

it.each([
  ['ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE', true],
  ['ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES p (id) ON DELETE RESTRICT ON UPDATE SET NULL', true],
  ['CREATE TABLE c (p INT REFERENCES p (id) on update set /* x */ default)', true],
  ['ALTER TABLE c ADD FOREIGN KEY (p) REFERENCES p (id) ON DELETE RESTRICT', false],
  ['ALTER TABLE c ADD t TIMESTAMP ON UPDATE CURRENT_TIMESTAMP', false],
  ["ALTER TABLE c COMMENT 'ON DELETE CASCADE'", false],
  ['DROP TABLE c CASCADE', false],
])('hasCascade: %s', (statement, expected) => {
  expect(hasCascade(statement, QUOTING)).toBe(expected);
});
