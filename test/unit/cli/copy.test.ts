/** The command against a real admin server, with a relay of this test's own behind it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, it, vi } from 'vitest';
import type { AdminServer } from '../../../src/admin/admin.ts';
import { startAdmin } from '../../../src/admin/server.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { RelayError } from '../../../src/base/errors.ts';
import type { Copy } from '../../../src/checkpoint/checkpoint.ts';
import { main } from '../../../src/cli/main.ts';
import type { CopyRequest } from '../../../src/relay/relay.ts';
import { idleStatus } from '../admin/relay-status.ts';

const COPY: Copy = { id: '7', patterns: ['shop.*'], requestedAt: '2026-11-23T11:20:00.000Z', isPaused: false };
let server: AdminServer | undefined;
let asked: CopyRequest[] = [];

async function run(
  args: readonly string[],
  take: (request: CopyRequest) => readonly Copy[] = () => [COPY],
  copies: readonly Copy[] = [],
  token?: string,
  tokenFile?: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  asked = [];
  server = await startAdmin(
    { host: '127.0.0.1', port: 0, hosts: [], token, tokenFile },
    {
      status: () => ({ ...idleStatus, copies }),
      logger: pino({ level: 'silent' }),
      clock: systemClock,
      version: '1.2.3',
      acknowledge: () => [],
      copy: (request) => {
        asked.push(request);
        return take(request);
      },
    },
  );
  const [stdout, stderr] = [process.stdout, process.stderr].map((stream) => {
    const written: string[] = [];
    vi.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    return written;
  });
  const code = await main(['copy', ...args, '--url', server.address]);
  return { code, stdout: stdout?.join('') ?? '', stderr: stderr?.join('') ?? '' };
}

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await server?.close();
});

it('asks for tables, and says how to follow the copy', async () => {
  expect(await run(['shop.orders', 'crm.*'])).toEqual({
    code: 0,
    stdout: 'copy 7 was taken; binlog-relay copy --list shows how far it is\n',
    stderr: '',
  });
  expect(asked).toEqual([{ do: 'copy', patterns: ['shop.orders', 'crm.*'] }]);
});

it.each([
  [['--keys', '17, 18'], { keys: [['17'], ['18']] }],
  [['--keys', '18446744073709551615'], { keys: [['18446744073709551615']] }],
  [['--keys', '["a,b","",{"hex":"c0ff"}]'], { keys: [['a,b'], [''], [{ hex: 'c0ff' }]] }],
  [
    ['--keys', '[["a \\"1\\" 2",18446744073709551615],["b",-1.50]]'],
    {
      keys: [
        ['a "1" 2', '18446744073709551615'],
        ['b', '-1.50'],
      ],
    },
  ],
  [['--from', '17'], { from: ['17'] }],
  [['--from', '["a",1]', '--to', '["b"]'], { from: ['a', '1'], to: ['b'] }],
  [['--to', 'a,b'], { to: ['a,b'] }],
] as const)('asks for rows of one table by %j', async (options, part) => {
  const { code } = await run(['shop.orders', ...options]);
  expect([code, asked]).toEqual([0, [{ do: 'copy', patterns: ['shop.orders'], part }]]);
});

it.each([
  [['--keys', '1,,2'], '--keys has an empty key'],
  [['--keys', '[1'], '--keys is no JSON'],
  [['--from', '["a"'], '--from is no JSON'],
  [['--keys', '1', '--to', '2'], 'are two things'],
  [['crm.x', '--keys', '1'], 'keys are of one table, 2 were named'],
  [['--keys', '[null]'], 'keys[0][0] is neither a text nor'],
] as const)('refuses %j', async (options, problem) => {
  const { code, stderr } = await run(['shop.orders', ...options]);
  expect([code, asked]).toEqual([78, []]);
  expect(stderr).toContain(problem);
});

it('refuses keys without a table', async () => {
  expect((await run(['--keys', '1'])).stderr).toContain('keys are of one table, 0 were named');
});

it('lists parts of tables by their size', async () => {
  const list = [
    { ...COPY, part: { of: 'keys', count: 1200, keys: [] } },
    { ...COPY, part: { of: 'keys', count: 1, keys: ['t31'] } },
    { ...COPY, part: { of: 'range', to: 't31' } },
  ] as const;
  expect((await run(['--list'], undefined, list)).stdout.split('\n').filter((line) => line.startsWith('copy'))).toEqual(
    [
      'copy 7 of 2026-11-23T11:20:00.000Z: shop.*, 1,200 keys',
      'copy 7 of 2026-11-23T11:20:00.000Z: shop.*, 1 key',
      'copy 7 of 2026-11-23T11:20:00.000Z: shop.*, a range of keys',
    ],
  );
});

it.each(['pause', 'resume', 'cancel'] as const)('--%s shows the copy as it is then', async (word) => {
  const { code, stdout } = await run([`--${word}`, '7'], () => [{ ...COPY, isPaused: true }]);
  expect([code, stdout]).toEqual([0, 'copy 7 of 2026-11-23T11:20:00.000Z: shop.*\n  paused\n']);
  expect(asked).toEqual([{ do: word, id: '7' }]);
});

it('lists copies, or that there are none', async () => {
  expect((await run(['--list'])).stdout).toBe('no copies\n');
  await server?.close();
  const ended = { ...COPY, endedAt: '2026-11-23T11:21:00.000Z', tables: [] };
  expect((await run(['--list'], undefined, [ended])).stdout).toBe(
    'copy 7 of 2026-11-23T11:20:00.000Z: shop.*\n  ended at 2026-11-23T11:21:00.000Z: names no published table\n',
  );
  expect(asked).toEqual([]);
});

it.each([
  ['USAGE', 78],
  ['COPY_UNKNOWN', 1],
  ['COPY_WITHOUT_GTIDS', 78],
] as const)('says what the relay says when it refuses with %s', async (code, exitCode) => {
  const refused = await run(['--cancel', '8'], () => {
    throw new RelayError(code, 'what is wrong', { remedy: 'Do this.' });
  });
  expect(refused).toEqual({ code: exitCode, stdout: '', stderr: `${code}: what is wrong\nWhat to do: Do this.\n` });
});

it.each([[[]], [['a.b', '--list']], [['--pause', '1', '--cancel', '1']], [['--pause', '1', '--pause', '2']]])(
  'asks nothing when it is not clear what is wanted: %j',
  async (args) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(78);
    expect(stderr).toContain('--list');
    expect(asked).toEqual([]);
  },
);

it('sends the token of the environment to the address that --url names', async () => {
  const TOKEN = '0123456789abcdef';
  for (const [given, why] of [
    ['', 'wants a token'],
    ['another-of-its-kind', 'wants another token'],
  ] as const) {
    if (given !== '') vi.stubEnv('ADMIN_TOKEN', given);
    const { code, stderr } = await run(['shop.orders'], undefined, undefined, TOKEN);
    expect([code, asked]).toEqual([1, []]);
    expect(stderr).toContain(`ADMIN_REFUSED: ${server?.address} ${why}`);
    expect(stderr).not.toContain(TOKEN);
    await server?.close();
    vi.restoreAllMocks();
  }
  vi.stubEnv('ADMIN_TOKEN', TOKEN);
  expect((await run(['shop.orders'], undefined, undefined, TOKEN)).code).toBe(0);
});

it('says that the relay cannot read its own token, and not that it is no relay', async () => {
  const { code, stderr } = await run(['--list'], undefined, undefined, '0123456789abcdef', '/nowhere/admin-token');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^ADMIN_REFUSED/)]);
  await server?.close();
  vi.restoreAllMocks();
  vi.stubEnv('ADMIN_TOKEN', '0123456789abcdef');
  const asked = await run(['--list'], undefined, undefined, '0123456789abcdef', '/nowhere/admin-token');
  expect([asked.code, asked.stderr]).toEqual([
    1,
    `ADMIN_TOKEN_UNREADABLE: ${server?.address} cannot read the file of its admin.token
What to do: The log of the relay there names the file: put it back, and let the user of the relay read it.
`,
  ]);
});

it('says why an address cannot be asked', async () => {
  const other = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const said = async (url: string): Promise<string> => {
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    expect(await main(['copy', '--list', '--url', url])).toBe(1);
    vi.restoreAllMocks();
    return written.join('').split('\n')[0] ?? '';
  };
  const url = `http://127.0.0.1:${port}`;
  expect(await said(url)).toBe(`ADMIN_UNREACHABLE: ${url} does not answer as the admin server of a relay (HTTP 200)`);
  other.close();
  await once(other, 'close');
  expect(await said(url)).toBe(`ADMIN_UNREACHABLE: ${url} cannot be asked: connect ECONNREFUSED 127.0.0.1:${port}`);
});
