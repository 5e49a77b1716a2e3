import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AdminServer } from '../../../src/admin/admin.ts';
import type { Copy, Notice } from '../../../src/checkpoint/checkpoint.ts';
import type { CopyRequest } from '../../../src/relay/relay.ts';
import { RelayError } from '../../../src/base/errors.ts';
import type { TokenSettings } from '../../../src/admin/bearer.ts';
import { startAdmin, type AdminLimits, type AdminOptions } from '../../../src/admin/server.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { parsePrometheus } from './prometheus-text.ts';
import { brokerAway, failed, idleStatus } from './relay-status.ts';

const logger = pino({ level: 'silent' });
const running: { close(): Promise<unknown> }[] = [];
const options: AdminOptions = {
  status: () => idleStatus,
  logger,
  clock: { ...systemClock, now: () => 1_090_000 },
  version: '1.2.3',
  acknowledge: () => [],
  copy: () => [],
};
const EVENT = {
  what: 'TRUNCATE TABLE',
  transaction: 'uuid:9',
  position: 'binlog.000007:4711',
  at: '2026-01-02T03:04:05.000Z',
};
const hasty: AdminLimits = {
  connections: 4,
  headerBytes: 2048,
  headersMs: 40,
  requestMs: 40,
  idleMs: 60,
  checkIntervalMs: 5,
};

async function start(
  given: Partial<AdminOptions> = {},
  limits?: AdminLimits,
  secret: TokenSettings = {},
): Promise<AdminServer> {
  const server = await startAdmin(
    { host: '127.0.0.1', port: 0, hosts: ['*.svc.cluster.local', 'relay.example.com'], ...secret },
    { ...options, ...given },
    limits,
  );
  running.push(server);
  return server;
}

function open(server: AdminServer): Socket {
  const socket = connect(Number(new URL(server.address).port), '127.0.0.1');
  socket.on('error', () => undefined); // a reset is one way to be closed
  return socket;
}

/** What the server sent until it closed the connection. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

describe('the pages', () => {
  it('answer an idle relay with 200', async () => {
    const { address } = await start();
    for (const path of ['/', '/livez', '/readyz', '/healthz', '/metrics', '/copies']) {
      expect((await fetch(address + path)).status, path).toBe(200);
    }
  });

  it('tell liveness from readiness while the broker is away', async () => {
    const { address } = await start({ status: () => brokerAway });
    expect((await fetch(`${address}/livez`)).status).toBe(200);
    const ready = await fetch(`${address}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toBe('sink: broker:8081 does not answer since 03:00:00\n');
    const health = await fetch(`${address}/healthz`);
    expect(health.status).toBe(503);
    expect(health.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await health.json()).toMatchObject({ healthy: false, lagSeconds: 90, versions: { relay: '1.2.3' } });
  });

  it('say that a failed relay is not alive, and still show its metrics', async () => {
    const { address } = await start({ status: () => failed });
    expect((await fetch(`${address}/livez`)).status).toBe(503);
    const metrics = await fetch(`${address}/metrics`);
    expect(metrics.status).toBe(200);
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(
      parsePrometheus(await metrics.text())
        .get('binlog_relay_state')
        ?.samples.get('{state="failed"}'),
    ).toBe(1);
  });

  it('list themselves', async () => {
    const text = await (await fetch((await start()).address)).text();
    for (const path of ['/livez', '/readyz', '/healthz', '/metrics', '/copies', 'POST /copy'])
      expect(text).toContain(path);
  });

  it('answer HEAD with the headers of GET and no body', async () => {
    const { address } = await start();
    const [get, head] = [await fetch(`${address}/readyz`), await fetch(`${address}/readyz`, { method: 'HEAD' })];
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect(await head.text()).toBe('');
  });

  it('do not look at the query', async () => {
    expect((await fetch(`${(await start()).address}/livez?a=b`)).status).toBe(200);
  });

  it('are not there for other paths', async () => {
    const { address } = await start();
    for (const path of ['/livez/', '/..%2f', '/LIVEZ', '/metrics/x'])
      expect((await fetch(address + path)).status, path).toBe(404);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuse %s and name what they take', async (method) => {
    const response = await fetch(`${(await start()).address}/healthz`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it('answer 500 when the status cannot be had, and go on', async () => {
    let isBroken = true;
    const status = (): typeof idleStatus => {
      if (isBroken) throw new Error('a secret');
      return idleStatus;
    };
    const { address } = await start({ status });
    const response = await fetch(`${address}/healthz`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    isBroken = false;
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
  });
});

describe('hostile clients', () => {
  it('are closed when they send nothing', async () => {
    expect(await untilClosed(open(await start({}, hasty)))).not.toContain('200');
  });

  it('are closed when their headers never end, though bytes keep coming', async () => {
    const socket = open(await start({}, hasty));
    socket.write('GET /livez HTTP/1.1\r\n');
    const drip = setInterval(() => socket.write('X: y\r\n'), 5);
    const answer = await untilClosed(socket);
    clearInterval(drip);
    expect(answer).toContain('HTTP/1.1 408 Request Timeout');
  });

  it('are refused when their headers are too large', async () => {
    const socket = open(await start({}, hasty));
    socket.write(`GET /livez HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(4096)}\r\n\r\n`);
    expect(await untilClosed(socket)).toContain('HTTP/1.1 431 ');
  });

  it('are refused when they do not speak HTTP', async () => {
    const socket = open(await start({}, hasty));
    socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
    expect(await untilClosed(socket)).toContain('HTTP/1.1 400 ');
  });

  it('are closed after their answer when a body never ends', async () => {
    const socket = open(await start({}, hasty));
    socket.write('POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nabc');
    expect(await untilClosed(socket)).toContain('HTTP/1.1 405 ');
  });

  it('cannot keep the server from answering by a thousand idle connections', async () => {
    const server = await start({}, hasty);
    const sockets = Array.from({ length: 1000 }, () => open(server));
    await Promise.all(sockets.map(untilClosed));
    expect((await fetch(`${server.address}/livez`)).status).toBe(200);
  });

  it('make room for the next one when they ask nothing', async () => {
    const server = await start({}, { ...hasty, idleMs: 60_000, headersMs: 60_000, requestMs: 60_000 });
    const sockets = Array.from({ length: 40 }, () => open(server));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    expect((await fetch(`${server.address}/livez`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it.each([
    ['127.0.0.1:8686', 200],
    ['[::1]:8686', 200],
    ['localhost', 200],
    ['relay:8686', 200],
    ['relay.monitoring.svc.cluster.local:8686', 200],
    ['Relay.Example.com', 200],
    ['evil.example', 421],
    ['relay.example.com.evil.example', 421],
    ['svc.cluster.local', 421],
    ['127.0.0.1.evil.example:8686', 421],
  ])('are answered only under a name of ours: %s %i', async (host, code) => {
    const socket = open(await start());
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(await untilClosed(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${code} `));
  });

  it('get one answer for one connection', async () => {
    const socket = open(await start());
    socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await untilClosed(socket)).match(/^HTTP\/1\.1 200/gm)).toHaveLength(1);
  });
});

describe('start and close', () => {
  it('refuses a port in use and names the key', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const bound = other.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    try {
      await expect(startAdmin({ host: '127.0.0.1', port, hosts: [] }, options)).rejects.toMatchObject({
        code: 'ADMIN_PORT_IN_USE',
        message: `admin.port: port ${port} of 127.0.0.1 is in use.`,
      });
    } finally {
      other.close();
    }
  });

  it('refuses an address that is not of this machine', async () => {
    await expect(startAdmin({ host: '192.0.2.1', port: 0, hosts: [] }, options)).rejects.toMatchObject({
      code: 'ADMIN_CANNOT_LISTEN',
    });
  });

  it('writes an IPv6 address as a URL can hold it', async () => {
    const server = await startAdmin({ host: '::1', port: 0, hosts: [] }, options);
    running.push(server);
    expect((await fetch(`${server.address}/livez`)).status).toBe(200);
  });
});

describe('with a token', () => {
  const TOKEN = 'a-token-of-32-characters-or-more';
  const ask = async (
    secret: TokenSettings,
    path: string,
    authorization?: string,
    method = 'GET',
  ): Promise<Response> => {
    const { address } = await start({}, undefined, secret);
    const headers = {
      'Content-Type': 'application/json',
      ...(authorization !== undefined && { Authorization: authorization }),
    };
    return fetch(address + path, { method, headers, ...(method === 'POST' && { body: '{"all":true}' }) });
  };

  it.each(['/', '/healthz', '/metrics', '/copies', '/nothing', '/livez/'])('%s is for who knows it', async (path) => {
    for (const wrong of [undefined, '', 'Bearer', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`]) {
      const refused = await ask({ token: TOKEN }, path, wrong);
      expect([refused.status, refused.headers.get('www-authenticate')], wrong).toEqual([401, 'Bearer']);
    }
    expect((await ask({ token: TOKEN }, path, `bearer ${TOKEN}`)).status).not.toBe(401);
  });

  it.each(['/acknowledge', '/copy'])('POST %s is for who knows it', async (path) => {
    expect((await ask({ token: TOKEN }, path, undefined, 'POST')).status).toBe(401);
    expect((await ask({ token: TOKEN }, path, `Bearer ${TOKEN}`, 'POST')).status).not.toBe(401);
  });

  it('probes are answered to everybody', async () => {
    for (const path of ['/livez', '/readyz?x']) expect((await ask({ token: TOKEN }, path)).status, path).toBe(200);
  });

  it('a token in a file is the one that the file holds now', async () => {
    const tokenFile = join(await mkdtemp(join(tmpdir(), 'token-')), 'token');
    await writeFile(tokenFile, `${TOKEN}\n`);
    const server = await start({}, undefined, { token: TOKEN, tokenFile });
    const status = async (token: string): Promise<number> =>
      (await fetch(`${server.address}/healthz`, { headers: { Authorization: `Bearer ${token}` } })).status;
    expect(await status(TOKEN)).toBe(200);
    await writeFile(tokenFile, 'the-token-that-came-after-it\n');
    expect([await status(TOKEN), await status('the-token-that-came-after-it')]).toEqual([401, 200]);
    await writeFile(tokenFile, '');
    expect(await status(TOKEN)).toBe(401);
    await rm(tokenFile);
    expect(await status(TOKEN)).toBe(503);
    expect((await fetch(`${server.address}/livez`)).status).toBe(200);
  });

  it('says to whoever asks that its own file is gone, and in the log which, with the remedy', async () => {
    const tokenFile = join(await mkdtemp(join(tmpdir(), 'token-')), 'token');
    const errors = vi.spyOn(options.logger, 'error');
    const answer = await ask({ token: TOKEN, tokenFile }, '/healthz', `Bearer ${TOKEN}`);
    expect(await answer.text()).toMatch(/^ADMIN_TOKEN_UNREADABLE: this server cannot read the file of admin\.token/);
    expect(errors).toHaveBeenCalledWith(
      {
        path: '/healthz',
        code: 'ADMIN_TOKEN_UNREADABLE',
        error: `the file ${tokenFile} of admin.token cannot be read (ENOENT)`,
        remedy: expect.stringMatching(/^Put the secret there again/) as unknown,
      },
      'an admin request failed',
    );
    errors.mockRestore();
  });
});

describe('POST /acknowledge', () => {
  const notice: Notice = { id: '7', about: 'differs', subject: 'shop.orders', count: 1, first: EVENT, last: EVENT };
  const asked: (readonly string[] | 'all')[] = [];
  const acknowledge: AdminOptions['acknowledge'] = (ids) => {
    asked.push(ids);
    return ids === 'all' || ids.includes('7') ? [notice] : [];
  };
  const post = async (
    body: string,
    headers: Record<string, string> = { 'Content-Type': 'application/json' },
  ): Promise<[number, unknown]> => {
    const { address } = await start({ acknowledge });
    asked.length = 0;
    const response = await fetch(`${address}/acknowledge`, { method: 'POST', body, headers });
    return [response.status, await response.json()];
  };

  it('takes notices away', async () => {
    expect(await post('{"ids":["7"]}')).toEqual([200, { acknowledged: ['7'], unknown: [] }]);
    expect(asked).toEqual([['7']]);
    expect(await post('{"all":true}', { 'Content-Type': 'Application/JSON; charset=utf-8' })).toEqual([
      200,
      { acknowledged: ['7'], unknown: [] },
    ]);
    expect(asked).toEqual(['all']);
    expect(await post('{"ids":["8","7"]}')).toEqual([404, { acknowledged: ['7'], unknown: ['8'] }]);
  });

  it.each([
    ['', 400],
    ['{}', 400],
    ['{"ids":[]}', 400],
    ['{"ids":[7]}', 400],
    ['{"ids":"7"}', 400],
    ['{"all":"true"}', 400],
    ['{"all":true,"ids":["7"]}', 400],
    ['null', 400],
    [`{"ids":["${'7'.repeat(9000)}"]}`, 413],
  ])('refuses %.40s', async (body, code) => {
    expect((await post(body))[0]).toBe(code);
    expect(asked).toEqual([]);
  });

  it('is out of reach for pages in a browser', async () => {
    expect((await post('{"all":true}', { 'Content-Type': 'text/plain' }))[0]).toBe(415);
    expect((await post('{"all":true}', { 'Content-Type': 'application/x-www-form-urlencoded' }))[0]).toBe(415);
    expect(
      (await post('{"all":true}', { 'Content-Type': 'application/json', Origin: 'http://127.0.0.1:8686' }))[0],
    ).toBe(403);
    expect(asked).toEqual([]);
  });

  it('is no page to look at', async () => {
    const { address } = await start();
    const response = await fetch(`${address}/acknowledge`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('copies', () => {
  const copy: Copy = {
    id: '3',
    patterns: ['shop.*'],
    requestedAt: '2026-01-02T03:04:05.000Z',
    isPaused: false,
    tables: [{ database: 'shop', table: 'orders', state: 'copying', rows: 7, after: ['c0ffee'], key: 'id int' }],
  };
  const shown = { ...copy, tables: [{ database: 'shop', table: 'orders', state: 'copying', rows: 7 }] };
  let asked: CopyRequest[] = [];
  const post = async (
    body: string | Buffer,
    take: AdminOptions['copy'] = () => [copy],
    headers: Record<string, string> = { 'Content-Type': 'application/json' },
  ): Promise<[number, unknown]> => {
    asked = [];
    const { address } = await start({
      copy: (request) => {
        asked.push(request);
        return take(request);
      },
    });
    const response = await fetch(`${address}/copy`, { method: 'POST', body, headers });
    return [response.status, response.status === 500 ? await response.text() : await response.json()];
  };

  it('are asked for', async () => {
    expect(await post('{"tables":["shop.orders","crm.*"]}')).toEqual([200, { copies: [shown] }]);
    expect(asked).toEqual([{ do: 'copy', patterns: ['shop.orders', 'crm.*'] }]);
    for (const word of ['pause', 'resume', 'cancel'] as const) {
      expect((await post(JSON.stringify({ [word]: '3' })))[0]).toBe(200);
      expect(asked).toEqual([{ do: word, id: '3' }]);
    }
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"tables":[]}',
    '{"tables":"a.b"}',
    '{"tables":[1]}',
    '{"pause":1}',
    '{"list":"1"}',
  ])('are not asked for by %s', async (body) => {
    expect((await post(body))[0]).toBe(400);
    expect((await post('{"pause":"1","cancel":"1"}'))[0]).toBe(400);
    expect(asked).toEqual([]);
  });

  it('of single keys and of ranges are asked for', async () => {
    const ask = async (body: object): Promise<CopyRequest | undefined> => {
      expect((await post(JSON.stringify(body)))[0]).toBe(200);
      return asked[0];
    };
    const keys = [['17'], ['备注', { hex: '00Ff' }], ['']];
    const patterns = ['shop.orders'];
    expect(await ask({ tables: patterns, keys })).toEqual({ do: 'copy', patterns, part: { keys } });
    expect(await ask({ between: { from: ['1'], to: ['9', 'z'] }, tables: patterns })).toEqual({
      do: 'copy',
      patterns,
      part: { from: ['1'], to: ['9', 'z'] },
    });
    expect(await ask({ tables: patterns, between: { to: ['9'] } })).toEqual({
      do: 'copy',
      patterns,
      part: { to: ['9'] },
    });
    const many = Array.from({ length: 10_000 }, (_, i) => [`a key of a table ${i}`]);
    expect(await ask({ tables: patterns, keys: many })).toEqual({ do: 'copy', patterns, part: { keys: many } });
  });

  it.each([
    ['"keys":[]', 'keys is no list of keys'],
    ['"keys":"17"', 'keys is no list of keys'],
    ['"keys":["17"]', 'keys[0] is no list of the parts of a key'],
    ['"keys":[["17"],[]]', 'keys[1] is no list of the parts of a key'],
    ['"keys":[["17"],["1",18]]', 'keys[1][1] is a number: write it as text'],
    ['"keys":[[null]]', 'keys[0][0] is neither a text nor {"hex": "…"}'],
    ['"keys":[[{"hex":"0"}]]', 'keys[0][0].hex is not in hexadecimal'],
    ['"keys":[[{"hex":"00","x":1}]]', 'keys[0][0] is neither'],
    ['"keys":[["\\ud83d"]]', 'keys[0][0] has half a character'],
    [`"keys":[[${'"1",'.repeat(16)}"1"]]`, 'keys[0] has 17 parts'],
    ['"between":{}', 'between has neither from nor to'],
    ['"between":[]', 'between is no object'],
    ['"between":{"from":["1"],"until":["2"]}', 'between.until is neither from nor to'],
    ['"between":{"to":"2"}', 'between.to is no list of the parts of a key'],
    ['"keys":[["1"]],"between":{"to":["2"]}', 'send {'],
    ['"key":[["1"]]', 'send {'],
  ])('of a part that is sent as %s are refused', async (part, problem) => {
    const [code, body] = await post(`{"tables":["shop.orders"],${part}}`);
    expect([code, asked]).toEqual([400, []]);
    expect((body as { error: string }).error).toContain(problem);
  });

  it('are refused when their bytes are no UTF-8, which would be other keys, or too many', async () => {
    expect((await post(Buffer.from('{"tables":["a.b"],"keys":[["\xe9"]]}', 'latin1')))[0]).toBe(400);
    expect((await post(`{"tables":["a.b"],"keys":[["${'x'.repeat(5 << 20)}"]]}`))[0]).toBe(413);
    expect((await post(`{"tables":["${'x'.repeat(9000)}"]}`))[0]).toBe(400);
    expect(asked).toEqual([]);
  });

  it('of a part show how large it is, and none of its keys', async () => {
    const part = { of: 'keys', count: 2, keys: ['t3137', 'xff'] } as const;
    const [, body] = await post('{"tables":["a.b"],"keys":[["17"]]}', () => [{ ...copy, part }]);
    expect(body).toEqual({ copies: [{ ...shown, part: { of: 'keys', count: 2 } }] });
    const [, range] = await post('{"resume":"3"}', () => [{ ...copy, part: { of: 'range', from: 't3137' } }]);
    expect(range).toEqual({ copies: [{ ...shown, part: { of: 'range' } }] });
  });

  it.each([
    ['USAGE', 400],
    ['COPY_UNKNOWN', 404],
    ['COPY_WITHOUT_GTIDS', 409],
    ['ADMIN_UNREACHABLE', 503],
  ] as const)('are refused with the words of %s', async (code, status) => {
    const refuse = (): never => {
      throw new RelayError(code, 'what is wrong', { remedy: 'Do this.' });
    };
    expect(await post('{"cancel":"9"}', refuse)).toEqual([
      status,
      { error: 'what is wrong', remedy: 'Do this.', code },
    ]);
  });

  it('answer 500 to a defect, without its words', async () => {
    const fail = (): never => {
      throw new Error('a secret');
    };
    expect(await post('{"cancel":"9"}', fail)).toEqual([500, 'internal error\n']);
  });

  it('are out of reach for pages in a browser, as notices are', async () => {
    expect((await post('{"cancel":"3"}', undefined, { 'Content-Type': 'text/plain' }))[0]).toBe(415);
    const headers = { 'Content-Type': 'application/json', Origin: 'http://127.0.0.1:8686' };
    expect((await post('{"cancel":"3"}', undefined, headers))[0]).toBe(403);
    expect(asked).toEqual([]);
  });

  it('are shown without the place in the table, which is the key of a row', async () => {
    const { address } = await start({ status: () => ({ ...idleStatus, copies: [copy] }) });
    expect(await (await fetch(`${address}/copies`)).json()).toEqual({ copies: [shown], copying: null });
    expect(await (await fetch(`${address}/healthz`)).text()).not.toContain('c0ffee');
    expect((await fetch(`${address}/copies`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${address}/copy`)).status).toBe(405);
  });
});

describe('notices', () => {
  it('make an otherwise well relay unhealthy, but neither dead nor unready', async () => {
    const notices: Notice[] = [
      {
        id: '7',
        about: 'differs',
        subject: 'shop.orders',
        count: 3,
        first: EVENT,
        last: { ...EVENT, what: 'ALTER TABLE', position: 'binlog.000008:4' },
      },
      { id: '8', about: 'skipped', subject: 'uuid:9', count: 1, first: EVENT, last: EVENT },
    ];
    const { address } = await start({ status: () => ({ ...idleStatus, notices }) });
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    expect((await fetch(`${address}/livez`)).status).toBe(200);
    const response = await fetch(`${address}/healthz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      healthy: false,
      reasons: [
        'the copy of shop.orders differs since 2026-01-02T03:04:05.000Z, binlog.000007:4711: TRUNCATE TABLE, 3 in all, the last at 2026-01-02T03:04:05.000Z, binlog.000008:4: ALTER TABLE (notice 7)',
        'transaction uuid:9 of 2026-01-02T03:04:05.000Z, binlog.000007:4711, was skipped: this run has published none of its changes (notice 8)',
      ],
      notices,
    });
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toContain('binlog_relay_notices{about="differs"} 1');
  });
});
