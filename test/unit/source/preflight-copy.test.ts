import { expect, it } from 'vitest';
import { requireNoErrors } from '../../../src/source/finding.ts';
import { parseGrants } from '../../../src/source/grants.ts';
import { copyFindings, type CopyPreflight } from '../../../src/source/preflight-copy.ts';
import type { TableInfo } from '../../../src/source/preflight-tables.ts';

const table = (database: string, name: string, engine = 'InnoDB'): TableInfo => ({
  database,
  table: name,
  engine,
  hasPrimaryKey: true,
});
const GOOD: CopyPreflight = {
  facts: { hasGtids: true, gtidMode: 'ON' },
  grants: parseGrants(['GRANT SELECT ON `shop_eu`.* TO `relay`@`%`']),
  account: "'relay'@'%'",
  tables: [table('shop_eu', 'orders')],
};

it('has nothing to say when every published table may be read', () => {
  expect(copyFindings(GOOD)).toEqual([]);
  expect(copyFindings({ ...GOOD, tables: [] })).toEqual([]);
});

it('names the tables that the account may not read, with the GRANT', () => {
  const tables = [table('shop_eu', 'orders'), table('crm_1', 'people'), table('crm_1', 'calls')];
  const findings = copyFindings({ ...GOOD, tables });
  expect(findings).toEqual([
    {
      level: 'error',
      code: 'GRANT_MISSING',
      message:
        "source.start is copy, and the account 'relay'@'%' lacks SELECT on tables that are published: crm_1.people, crm_1.calls.",
      remedy: String.raw`GRANT SELECT ON ${'`'}crm\_1${'`'}.* TO 'relay'@'%';`,
    },
  ]);
  expect(() => requireNoErrors(findings)).toThrow(expect.objectContaining({ code: 'SOURCE_GRANT_MISSING' }));
});

it('knows that an account without any right on tables sees none of them', () => {
  const grants = parseGrants(['GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `relay`@`%`']);
  expect(copyFindings({ ...GOOD, grants, tables: [] })).toEqual([
    expect.objectContaining({ level: 'error', code: 'GRANT_MISSING' }),
  ]);
});

it('refuses a server without GTIDs', () => {
  const findings = copyFindings({ ...GOOD, facts: { hasGtids: false, gtidMode: 'OFF_PERMISSIVE' } });
  expect(findings).toEqual([expect.objectContaining({ level: 'error', code: 'COPY_WITHOUT_GTIDS' })]);
  expect(() => requireNoErrors(findings)).toThrow(expect.objectContaining({ code: 'COPY_WITHOUT_GTIDS' }));
});

it('warns of tables of other engines, which are not copied', () => {
  const findings = copyFindings({ ...GOOD, tables: [table('shop_eu', 'orders'), table('shop_eu', 'log', 'MyISAM')] });
  expect(findings).toEqual([expect.objectContaining({ level: 'warning', code: 'COPY_ENGINE' })]);
  expect(findings[0]?.message).toContain(': shop_eu.log (MyISAM). ');
});
