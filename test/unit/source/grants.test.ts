import { expect, it } from 'vitest';
import { holds, parseGrants, quotedAccount } from '../../../src/source/grants.ts';

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
