import { expect, it } from 'vitest';
import { quotedAccount } from '../../../src/mysql/grant-names.ts';
import { holds, maySelect, parseGrants, selectsAnything } from '../../../src/source/grants.ts';

it('reads the privileges on *.* only', () => {
  const grants = parseGrants([
    'GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `relay`@`%`',
    'GRANT SELECT ON `shop`.* TO `relay`@`%`',
    'GRANT BACKUP_ADMIN,BINLOG_ADMIN ON *.* TO `relay`@`%` WITH GRANT OPTION',
  ]);
  expect(['REPLICATION SLAVE', 'REPLICATION CLIENT', 'BINLOG_ADMIN'].every((name) => holds(grants, name))).toBe(true);
  expect(holds(grants, 'SELECT')).toBe(false);
});

it('takes ALL PRIVILEGES for each, and SUPER for REPLICATION CLIENT', () => {
  const all = parseGrants(["GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost'"]);
  expect(holds(all, 'REPLICATION SLAVE')).toBe(true);
  const superUser = parseGrants(['GRANT SUPER ON *.* TO `a`@`b`']);
  expect(holds(superUser, 'REPLICATION CLIENT')).toBe(true);
  expect(holds(superUser, 'REPLICATION SLAVE')).toBe(false);
});

it('knows of roles, which give nothing by themselves', () => {
  const grants = parseGrants(['GRANT USAGE ON *.* TO `q`@`%`', 'GRANT `rr`@`%`,`r2`@`%` TO `q`@`%`']);
  expect(holds(grants, 'REPLICATION SLAVE')).toBe(false);
  expect(grants.roles).toEqual(['`rr`@`%`,`r2`@`%`']);
});

it('quotes accounts', () => {
  expect(quotedAccount('relay@%')).toBe("'relay'@'%'");
  expect(quotedAccount("o'b@x@10.0.0.1")).toBe("'o''b@x'@'10.0.0.1'");
});

it('knows which tables the account may SELECT', () => {
  const grants = parseGrants([
    'GRANT REPLICATION SLAVE ON *.* TO `relay`@`%`',
    'GRANT SELECT, INSERT ON `shop\\_eu`.* TO `relay`@`%`',
    'GRANT ALL PRIVILEGES ON `crm%`.* TO `relay`@`%`',
    'GRANT SELECT (`id`, `name`) ON `hr`.`people` TO `relay`@`%`',
    'GRANT INSERT ON `hr`.`wages` TO `relay`@`%`',
    'GRANT SELECT ON `a``b`.`x.y` TO `relay`@`%` WITH GRANT OPTION',
    'GRANT CREATE VIEW, SHOW VIEW ON `views`.* TO `relay`@`%`',
  ]);
  const may = (database: string, table: string): boolean => maySelect(grants, database, table);
  expect([may('shop_eu', 'orders'), may('shopXeu', 'orders'), may('crm', 't'), may('crm_old', 't')]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect([may('hr', 'people'), may('hr', 'wages'), may('a`b', 'x.y'), may('views', 'v')]).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(selectsAnything(grants)).toBe(true);
  expect(selectsAnything(parseGrants(['GRANT REPLICATION SLAVE ON *.* TO `relay`@`%`']))).toBe(false);
});

it('takes SELECT on *.* for all tables but those of databases that were taken out', () => {
  const grants = parseGrants(['GRANT SELECT ON *.* TO `a`@`b`', 'REVOKE SELECT, INSERT ON `hr`.* FROM `a`@`b`']);
  expect(maySelect(grants, 'shop', 'orders')).toBe(true);
  expect(maySelect(grants, 'hr', 'people')).toBe(false);
  expect(maySelect(parseGrants(["GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost'"]), 'hr', 'people')).toBe(true);
});
