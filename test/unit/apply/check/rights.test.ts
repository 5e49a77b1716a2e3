import { describe, expect, it } from 'vitest';
import { rightFindings } from '../../../../src/apply/check/check-rights.ts';
import { Rights, type Held } from '../../../../src/apply/check/rights.ts';

const MYSQL_ALL =
  'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, TRIGGER ON *.* TO `apply`@`%` WITH GRANT OPTION';

it.each<[string, readonly string[], Held]>([
  ['nothing', ['GRANT USAGE ON *.* TO `apply`@`%`'], 'no'],
  ['all databases', [MYSQL_ALL], 'yes'],
  ['all of the database', ['GRANT ALL PRIVILEGES ON `copy_shop`.* TO `apply`@`%`'], 'yes'],
  ['a pattern', ['GRANT SELECT, INSERT ON `copy\\_%`.* TO `apply`@`%`'], 'yes'],
  ['a pattern of others', ['GRANT SELECT, INSERT ON `copy\\_x%`.* TO `apply`@`%`'], 'no'],
  ['some columns of a table', ['GRANT SELECT, INSERT (`a`, `b`) ON `copy_shop`.`t` TO `apply`@`%`'], 'unknown'],
  ['a table of another', ['GRANT INSERT ON `shop`.`t` TO `apply`@`%`'], 'no'],
  ['a role', ['GRANT USAGE ON *.* TO `apply`@`%`', 'GRANT `writers`@`%` TO `apply`@`%`'], 'unknown'],
  ['a role of MariaDB', ['GRANT `writers` TO `apply`@`%`', 'GRANT USAGE ON *.* TO `apply`@`%`'], 'unknown'],
  ['all but it', [MYSQL_ALL, 'REVOKE INSERT ON `copy_shop`.* FROM `apply`@`%`'], 'no'],
  ['all but another', [MYSQL_ALL, 'REVOKE INSERT ON `shop`.* FROM `apply`@`%`'], 'yes'],
])('an account with %s', (_, lines, held) => {
  expect(new Rights(lines).held('copy_shop', 'INSERT')).toBe(held);
});

describe('what is said of rights', () => {
  const needed = (database: string, isSure = true) => ({ database, privileges: ['SELECT', 'INSERT'], isSure });
  const findings = (lines: readonly string[], ...of: Parameters<typeof rightFindings>[2]) =>
    rightFindings(new Rights(lines), "'apply'@'%'", of);

  it('names what is missing, with the statement', () => {
    expect(findings(['GRANT SELECT ON `copy`.* TO `apply`@`%`'], needed('copy'))).toEqual([
      expect.objectContaining({
        level: 'error',
        code: 'TARGET_GRANT_MISSING',
        message: "'apply'@'%' lacks INSERT on copy",
        remedy: "GRANT INSERT ON `copy`.* TO 'apply'@'%';",
      }),
    ]);
  });

  it('raises no alarm where it cannot tell, or rows may never come', () => {
    expect(findings(['GRANT `writers` TO `apply`@`%`'], needed('copy'))).toMatchObject([
      { level: 'warning', message: expect.stringContaining('SELECT, INSERT on copy is not known') as string },
    ]);
    expect(findings([], needed('copy', false))).toMatchObject([{ level: 'warning' }]);
    expect(findings([MYSQL_ALL], needed('copy'))).toMatchObject([{ level: 'ok' }]);
  });

  it('says it of some databases only', () => {
    const many = findings([], ...Array.from({ length: 14 }, (_, i) => needed(`copy${i}`)));
    expect(many).toHaveLength(11);
    expect(many.at(-1)).toMatchObject({ level: 'error', message: '4 more databases likewise', remedy: '' });
  });
});
