import { expect, it } from 'vitest';
import {
  headStatement,
  isAtLeast,
  parseVersion,
  replicasStatement,
  replicaStatusStatement,
} from '../../../src/source/server-version.ts';

it.each([
  ['9.7.4-2', '(Debian)', 'mysql', 9, 7, 4],
  ['8.0.12', 'MySQL Community Server - GPL', 'mysql', 8, 0, 12],
  ['8.0.35-0ubuntu0.22.04.1', '(Ubuntu)', 'mysql', 8, 0, 35],
  ['8.0.36-28', 'Percona Server (GPL), Release 28', 'mysql', 8, 0, 36],
  ['5.7.44-log', 'MySQL Community Server (GPL)', 'mysql', 5, 7, 44],
  ['11.4.2-MariaDB-log', 'mariadb.org binary distribution', 'mariadb', 11, 4, 2],
  ['5.5.5-10.6.12-MariaDB', '', 'mariadb', 10, 6, 12],
])('parses %s %s', (text, comment, flavour, major, minor, patch) => {
  expect(parseVersion(text, comment)).toEqual({ flavour, major, minor, patch, text });
});

it('compares as numbers', () => {
  const version = parseVersion('8.0.22', '');
  expect(isAtLeast(version, [8, 0, 22])).toBe(true);
  expect(isAtLeast(version, [8, 0, 23])).toBe(false);
  expect(isAtLeast(version, [8, 0, 3])).toBe(true);
  expect(isAtLeast(version, [8, 1, 0])).toBe(false);
  expect(isAtLeast(version, [5, 7, 44])).toBe(true);
});

it.each([
  ['8.0.12', 'SHOW MASTER STATUS', 'SHOW SLAVE HOSTS', 'SHOW SLAVE STATUS'],
  ['8.0.40', 'SHOW MASTER STATUS', 'SHOW REPLICAS', 'SHOW REPLICA STATUS'],
  ['8.4.0', 'SHOW BINARY LOG STATUS', 'SHOW REPLICAS', 'SHOW REPLICA STATUS'],
])('speaks the words of %s', (text, head, replicas, status) => {
  const version = parseVersion(text, '');
  expect([headStatement(version), replicasStatement(version), replicaStatusStatement(version)]).toEqual([
    head,
    replicas,
    status,
  ]);
});
