import { noticeText } from '../admin/health.ts';
import { RelayError } from '../base/errors.ts';
import type { Notice } from '../checkpoint/checkpoint.ts';
import { ADMIN_OPTIONS, adminTarget, get, post, type AdminTarget } from './admin-client.ts';
import type { Command } from './command.ts';
import { print } from './print.ts';

export const acknowledgeCommand: Command = {
  name: 'acknowledge',
  help: `Lists the notices of the running relay: tables whose copies differ because of a DDL statement, and skipped transactions.
With an id, or --all, takes them away, at once and from the checkpoint. Mend the copies first: nothing reminds of it any more.

Usage: binlog-relay acknowledge [ID | --all] [--config FILE | --url URL]

  --all            every notice that is there when the command is given
  --config FILE    the configuration of the relay, which names its admin server (default: config/relay.yaml)
  --url URL        the admin server itself, such as http://127.0.0.1:8686; when it wants a token, that of the
                   environment variable ADMIN_TOKEN

Examples:
  binlog-relay acknowledge
  binlog-relay acknowledge 7
  binlog-relay acknowledge --all --url http://127.0.0.1:8686
`,
  options: { ...ADMIN_OPTIONS, all: { type: 'boolean' } },
  words: 1,
  run: async (args) => {
    const [id] = args.words;
    if (id !== undefined && args.flag('all')) {
      throw new RelayError('USAGE', 'an id and --all', { remedy: 'Give one of them.' });
    }
    const target = adminTarget(args);
    if (id !== undefined) {
      await acknowledge(target, [id]);
      print(`acknowledged ${id}\n`);
      return 0;
    }
    const notices = await list(target);
    for (const notice of notices) print(`${notice.id}  ${noticeText(notice)}\n`);
    if (notices.length === 0) print('nothing to acknowledge\n');
    // What comes meanwhile was not seen: it stays.
    else if (args.flag('all')) {
      const ids = notices.map((notice) => notice.id);
      await acknowledge(target, ids);
      print(`acknowledged ${ids.join(' ')}\n`);
    }
    return 0;
  },
};

async function list(target: AdminTarget): Promise<readonly Notice[]> {
  const { body } = await get(target, '/healthz');
  if (typeof body === 'object' && body !== null && 'notices' in body && Array.isArray(body.notices)) {
    const notices: readonly Notice[] = body.notices;
    return notices;
  }
  throw new RelayError(
    'ADMIN_UNREACHABLE',
    `${target.address}/healthz does not answer as a relay of this version does`,
  );
}

async function acknowledge(target: AdminTarget, ids: readonly string[]): Promise<void> {
  const { code, body } = await post(target, '/acknowledge', { ids });
  if (code === 200) return;
  if (code === 404) throw new RelayError('NOTICE_UNKNOWN', `not every notice of ${ids.join(' ')} was there`);
  const isStandby = typeof body === 'object' && body !== null && 'code' in body && body.code === 'RELAY_STANDBY';
  if (isStandby)
    throw new RelayError('RELAY_STANDBY', `the relay at ${target.address} stands by: another one is active`);
  throw new RelayError('ADMIN_UNREACHABLE', `${target.address}/acknowledge answers ${code}`);
}
