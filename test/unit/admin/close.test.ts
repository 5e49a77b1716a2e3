/** src/admin/server.ts: how it closes. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startAdmin } from '../../../src/admin/server.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { idleStatus } from './relay-status.ts';

// In a file of its own: nothing else here opens a socket.
it('closes at once and leaves no handle, whatever clients do (invariant 8)', async () => {
  const before = handles();
  const server = await startAdmin(
    { host: '127.0.0.1', port: 0, hosts: [] },
    {
      status: () => idleStatus,
      logger: pino({ level: 'silent' }),
      clock: systemClock,
      version: '1.2.3',
      acknowledge: () => [],
      copy: () => [],
    },
  );
  const sockets = ['', 'GET /livez HTTP/1.1\r\nX: '].map((sent) => {
    const socket = connect(Number(new URL(server.address).port), '127.0.0.1').on('error', () => undefined);
    socket.write(sent);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  expect(handles()).not.toEqual(before);
  const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  await Promise.all([server.close(), server.close(), ...ended]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(handles()).toEqual(before);
});

/** Kinds of handles that keep a process alive, as far as a server could leave them. */
function handles(): readonly string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => kind.startsWith('TCP') || kind === 'Timeout')
    .sort();
}
