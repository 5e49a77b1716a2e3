import { noticeText } from '../admin/health.ts';
import { RelayError } from '../base/errors.ts';
import type { Notice } from '../checkpoint/checkpoint.ts';
import type { Arguments, Command } from './command.ts';
import { print } from './print.ts';
import { readConfig } from './read-config.ts';

export const acknowledgeCommand: Command = {
  name: 'acknowledge',
  help: `Lists the notices of the running relay: tables whose copies differ because of a DDL statement, and skipped transactions.
With an id, or --all, takes them away, at once and from the checkpoint. Mend the copies first: nothing reminds of it any more.

Usage: binlog-relay acknowledge [ID | --all] [--config FILE | --url URL]

  --all            every notice that is there when the command is given
  --config FILE    the configuration of the relay, which names its admin server (default: config/relay.yaml)
  --url URL        the admin server itself, such as http://127.0.0.1:8686

Examples:
  binlog-relay acknowledge
  binlog-relay acknowledge 7
  binlog-relay acknowledge --all --url http://127.0.0.1:8686
`,
  options: { config: { type: 'string' }, url: { type: 'string' }, all: { type: 'boolean' } },
  words: 1,
  run: async (args) => {
    const [id] = args.words;
    if (id !== undefined && args.flag('all')) {
      throw new RelayError('USAGE', 'an id and --all', { remedy: 'Give one of them.' });
    }
    const address = args.text('url') ?? addressOf(args);
    if (id !== undefined) {
      await acknowledge(address, [id]);
      print(`acknowledged ${id}\n`);
      return 0;
    }
    const notices = await list(address);
    for (const notice of notices) print(`${notice.id}  ${noticeText(notice)}\n`);
    if (notices.length === 0) print('nothing to acknowledge\n');
    // What comes meanwhile was not seen: it stays.
    else if (args.flag('all')) {
      const ids = notices.map((notice) => notice.id);
      await acknowledge(address, ids);
      print(`acknowledged ${ids.join(' ')}\n`);
    }
    return 0;
  },
};

function addressOf(args: Arguments): string {
  const { enabled, host, port } = readConfig(args).admin;
  if (!enabled || port === 0) {
    throw new RelayError(
      'ADMIN_UNREACHABLE',
      enabled ? 'admin.port is 0: the system has chosen one' : 'admin.enabled is false',
      { remedy: 'Name the address with --url; the log of the relay has it, at its start.' },
    );
  }
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

async function list(address: string): Promise<readonly Notice[]> {
  const { body } = await ask(address, '/healthz', { method: 'GET' });
  if (typeof body === 'object' && body !== null && 'notices' in body && Array.isArray(body.notices)) {
    const notices: readonly Notice[] = body.notices;
    return notices;
  }
  throw new RelayError('ADMIN_UNREACHABLE', `${address}/healthz does not answer as a relay of this version does`);
}

async function acknowledge(address: string, ids: readonly string[]): Promise<void> {
  const { code } = await ask(address, '/acknowledge', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ids }),
  });
  if (code === 200) return;
  if (code === 404) throw new RelayError('NOTICE_UNKNOWN', `not every notice of ${ids.join(' ')} was there`);
  throw new RelayError('ADMIN_UNREACHABLE', `${address}/acknowledge answers ${code}`);
}

async function ask(
  address: string,
  path: string,
  request: RequestInit,
): Promise<{ readonly code: number; readonly body: unknown }> {
  try {
    const response = await fetch(`${address}${path}`, { ...request, signal: AbortSignal.timeout(ANSWER_MS) });
    return { code: response.status, body: await response.json() };
  } catch (cause) {
    throw new RelayError('ADMIN_UNREACHABLE', `${address} does not answer as the admin server of a relay`, { cause });
  }
}

const ANSWER_MS = 5_000;
