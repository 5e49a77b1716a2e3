/** Three MySQL servers in a group with one primary (Group Replication). */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { addressOf, asRoot, uuidOf } from './replicated.ts';

const NAME = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
const PATIENCE_MS = 60_000;

export async function startGroup(): Promise<readonly MysqlServer[]> {
  const ports = await freePorts(3);
  const seeds = ports.map((port) => `127.0.0.1:${port}`).join();
  const members = await Promise.all(
    ports.map((port) =>
      startMysql({
        own: true,
        progress: () => undefined,
        flags: [
          '--plugin-load-add=group_replication.so',
          '--report-host=127.0.0.1',
          `--group-replication-group-name=${NAME}`,
          '--group-replication-start-on-boot=OFF',
          `--group-replication-local-address=127.0.0.1:${port}`,
          `--group-replication-group-seeds=${seeds}`,
          '--group-replication-recovery-get-public-key=ON',
        ],
      }),
    ),
  );
  for (const [index, member] of members.entries()) {
    await asRoot(
      member,
      'RESET BINARY LOGS AND GTIDS',
      `CHANGE REPLICATION SOURCE TO SOURCE_USER = '${member.relayUser}', SOURCE_PASSWORD = '${member.relayPassword}' FOR CHANNEL 'group_replication_recovery'`,
      ...(index === 0 ? ['SET GLOBAL group_replication_bootstrap_group = ON'] : []),
      'START GROUP_REPLICATION',
      'SET GLOBAL group_replication_bootstrap_group = OFF',
    );
    await untilOnline(member, index + 1);
  }
  return members;
}

/** Waits until `member` sees so many members that work. */
export async function untilOnline(member: MysqlServer, count: number): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const states = await asRoot(
      member,
      'SELECT member_state AS state FROM performance_schema.replication_group_members',
    );
    if (states.length === count && states.every(({ state }) => state === 'ONLINE')) return;
    if (performance.now() > deadlineMs) throw new Error(`${addressOf(member)} sees ${JSON.stringify(states)}`);
    await sleep(200);
  }
}

/** Of those that live, as one of them says; waits until there is one. */
export async function primaryOf(living: readonly MysqlServer[]): Promise<MysqlServer> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    for (const member of living) {
      const rows = await asRoot(
        member,
        "SELECT member_id AS id FROM performance_schema.replication_group_members WHERE member_role = 'PRIMARY' AND member_state = 'ONLINE'",
      );
      for (const candidate of living)
        if ((await uuidOf(candidate)) === rows[0]?.['id'] && rows.length === 1) return candidate;
    }
    if (performance.now() > deadlineMs) throw new Error('the group has no primary');
    await sleep(200);
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(listeners.map((listener) => once(listener, 'listening')));
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port);
  await Promise.all(listeners.map((listener) => once(listener.close(), 'close')));
  return ports;
}
