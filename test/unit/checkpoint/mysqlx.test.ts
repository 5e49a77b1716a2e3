import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { asRelayError, type RelayError } from '../../../src/base/errors.ts';
import type { MysqlxAccess } from '../../../src/checkpoint/mysqlx-session.ts';
import { createMysqlxCheckpointStore } from '../../../src/checkpoint/mysqlx.ts';

const servers: Server[] = [];

afterEach(() => {
  vi.doUnmock('@mysql/xdevapi');
  for (const server of servers.splice(0)) server.close();
});

/** A port where `greet` answers. */
async function listen(greet: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    greet(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function loadFailure(port: number): Promise<RelayError> {
  const access: MysqlxAccess = {
    host: '127.0.0.1',
    port,
    user: 'u',
    password: 'p-secret',
    tls: { mode: 'required' },
    schema: 's',
    collection: 'c',
    name: 'n',
  };
  const store = createMysqlxCheckpointStore(access, { logger: pino({ level: 'silent' }), clock: systemClock });
  return store.load().then(() => expect.unreachable(), asRelayError);
}

it('says how to install the package when it is missing', async () => {
  vi.doMock('@mysql/xdevapi', () => {
    throw Object.assign(new Error("Cannot find package '@mysql/xdevapi'"), { code: 'ERR_MODULE_NOT_FOUND' });
  });
  const error = await loadFailure(1);
  expect(error.code).toBe('CHECKPOINT_STORE_MISSING');
  expect(error.remedy).toContain('npm install @mysql/xdevapi@8.0.35');
});

it.each([
  ['the classic protocol', Buffer.from('4a0000000a392e372e3400', 'hex'), 'CHECKPOINT_REFUSED'],
  ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'CHECKPOINT_REFUSED'],
])('tells %s from the X Protocol', async (_, greeting, code) => {
  const port = await listen((socket) => socket.end(greeting));
  expect((await loadFailure(port)).code).toBe(code);
});

it('tries again where a server hangs up at once, as one that is starting does', async () => {
  const port = await listen((socket) => socket.destroy());
  expect(await loadFailure(port)).toMatchObject({ code: 'CHECKPOINT_UNREACHABLE', retryable: true });
});
