import { describe, expect, it } from 'vitest';
import { serverFacts, type ServerFacts } from '../../../src/source/server-facts.ts';
import { parseVersion } from '../../../src/source/server-version.ts';

const facts = (variables: Readonly<Record<string, string>>): ServerFacts =>
  serverFacts(parseVersion('9.7.4', ''), new Map(Object.entries(variables)), false);

describe('retentionSeconds', () => {
  it.each([
    [{ binlog_expire_logs_seconds: '2592000', expire_logs_days: '0' }, 2_592_000],
    [{ binlog_expire_logs_seconds: '0', expire_logs_days: '2' }, 172_800],
    [{ binlog_expire_logs_seconds: '3600', expire_logs_days: '2' }, 3600],
    [{ binlog_expire_logs_seconds: '0' }, undefined],
    [{ binlog_expire_logs_seconds: '3600', binlog_expire_logs_auto_purge: 'OFF' }, undefined],
  ])('of %j is %s', (variables, expected) => {
    expect(facts(variables).retentionSeconds).toBe(expected);
  });
});

it('takes only gtid_mode ON for GTIDs', () => {
  expect(facts({ gtid_mode: 'ON' }).hasGtids).toBe(true);
  for (const mode of ['OFF', 'OFF_PERMISSIVE', 'ON_PERMISSIVE'])
    expect(facts({ gtid_mode: mode }).hasGtids).toBe(false);
  expect(facts({}).gtidMode).toBe('OFF');
});

it('knows whether the server logs what foreign keys change', () => {
  expect(facts({}).hidesCascades).toBe(true);
  expect(facts({ innodb_native_foreign_keys: 'OFF' }).hidesCascades).toBe(false);
  expect(facts({ innodb_native_foreign_keys: 'ON' }).hidesCascades).toBe(true);
});

it('reads either name of the replica setting', () => {
  expect(facts({ log_slave_updates: 'ON' }).logsReplicaUpdates).toBe(true);
  expect(facts({ log_replica_updates: 'OFF', log_slave_updates: 'OFF' }).logsReplicaUpdates).toBe(false);
});
