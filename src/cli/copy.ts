import { systemClock } from '../base/clock.ts';
import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';
import { ADMIN_OPTIONS, adminTarget, get, post, type Answer } from './admin-client.ts';
import type { Arguments, Command } from './command.ts';
import { copiesText, type ShownCopies } from './copy-text.ts';
import { boundOf, keysOf } from './key-words.ts';
import { print } from './print.ts';

const OF_ONE = ['pause', 'resume', 'cancel'] as const;

export const copyCommand: Command = {
  name: 'copy',
  help: `Has the running relay publish the rows that tables have by now, beside the stream and without stopping it: each as an
INSERT that a reader writes over what it has. The account of the relay needs SELECT on the tables. See docs/copy.md.

Usage: binlog-relay copy TABLE… [--config FILE | --url URL]
       binlog-relay copy TABLE --keys KEYS [--config FILE | --url URL]
       binlog-relay copy TABLE [--from KEY] [--to KEY] [--config FILE | --url URL]
       binlog-relay copy --list | --pause ID | --resume ID | --cancel ID [--config FILE | --url URL]

  TABLE            database.table, or a pattern of published tables, in quotes: 'shop.*'
  --keys KEYS      single rows of one table: an INSERT for each key that it has, a DELETE for each that it has not.
                   17,18 for a key of one column; or JSON, for any text, and for several columns:
                   '["a","b"]', '[["a",1],["b",2]]'; bytes as {"hex": "c0ff"}
  --from KEY       the rows from this key on, itself included: 17, or JSON: '["a"]', '["a",1]'; the first columns of
                   a key are enough
  --to KEY         the rows to this key, itself included
  --list           the copies that go on, how far they are, and the newest that have ended
  --pause ID       no more of this copy is read, until --resume; a restart of the relay does not change that
  --resume ID      goes on where it was
  --cancel ID      ends it; what was published stays published
  --config FILE    the configuration of the relay, which names its admin server (default: config/relay.yaml)
  --url URL        the admin server itself, such as http://127.0.0.1:8686; when it wants a token, that of the
                   environment variable ADMIN_TOKEN

Examples:
  binlog-relay copy shop.orders
  binlog-relay copy 'shop.*' crm.customers
  binlog-relay copy shop.orders --keys 17,18
  binlog-relay copy shop.items --from '[1000,1]' --to '[1999]'
  binlog-relay copy --list
  binlog-relay copy --pause 2
`,
  options: {
    ...ADMIN_OPTIONS,
    keys: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    list: { type: 'boolean' },
    pause: { type: 'string', multiple: true },
    resume: { type: 'string', multiple: true },
    cancel: { type: 'string', multiple: true },
  },
  words: Infinity,
  run: async (args) => {
    const asked = askedOf(args);
    const target = adminTarget(args);
    if (asked === 'list') {
      const shown = shownIn(await get(target, '/copies'), target.address);
      print(shown.copies.length === 0 ? 'no copies\n' : copiesText(shown, systemClock.now()));
      return 0;
    }
    const { copies } = shownIn(await post(target, '/copy', asked), target.address);
    const [id = ''] = copies.map((copy) => copy.id);
    print(
      'tables' in asked
        ? `copy ${id} was taken; binlog-relay copy --list shows how far it is\n`
        : copiesText({ copies, copying: null }, systemClock.now()),
    );
    return 0;
  },
};

/** The body of a POST, or that the list is wanted. Throws USAGE unless exactly one thing is asked. */
function askedOf(args: Arguments): 'list' | object {
  const part = partOf(args);
  const asked = [
    ...(args.words.length > 0 || part !== undefined ? [{ tables: args.words, ...part }] : []),
    ...(args.flag('list') ? (['list'] as const) : []),
    ...OF_ONE.flatMap((key) => args.texts(key).map((id) => ({ [key]: id }))),
  ];
  const [first, ...more] = asked;
  if (part !== undefined && args.words.length !== 1)
    throw new RelayError('USAGE', `keys are of one table, ${args.words.length} were named`, {
      remedy: 'Name one table: binlog-relay copy shop.orders --keys 17,18.',
    });
  if (first !== undefined && more.length === 0) return first;
  throw new RelayError('USAGE', first === undefined ? 'no table to copy' : 'more than one thing to do', {
    remedy: "Name tables (binlog-relay copy shop.orders 'shop.*'), or give one of --list, --pause, --resume, --cancel.",
  });
}

/** Throws USAGE for keys and a range at once, and for what is no key. */
function partOf(args: Arguments): object | undefined {
  const [keys, from, to] = [args.text('keys'), args.text('from'), args.text('to')];
  const isRange = from !== undefined || to !== undefined;
  if (keys !== undefined && isRange)
    throw new RelayError('USAGE', '--keys, and --from or --to, are two things', {
      remedy: 'Ask for one after the other.',
    });
  if (keys !== undefined) return { keys: keysOf(keys) };
  if (!isRange) return undefined;
  return {
    between: {
      ...(from !== undefined && { from: boundOf(from, '--from') }),
      ...(to !== undefined && { to: boundOf(to, '--to') }),
    },
  };
}

const CODES: ReadonlyMap<number, Code> = new Map([
  [400, 'USAGE'],
  [404, 'COPY_UNKNOWN'],
  [409, 'COPY_WITHOUT_GTIDS'],
]);

/** Throws what the relay has refused, in its own words. */
function shownIn({ code, body }: Answer, address: string): ShownCopies {
  if (typeof body === 'object' && body !== null) {
    if (code === 200 && 'copies' in body && Array.isArray(body.copies))
      return { copying: null, ...(body as Pick<ShownCopies, 'copies'>) };
    if ('error' in body && typeof body.error === 'string') {
      const remedy = 'remedy' in body && typeof body.remedy === 'string' ? { remedy: body.remedy } : {};
      const named = 'code' in body && body.code === 'RELAY_STANDBY' ? body.code : CODES.get(code);
      throw new RelayError(named ?? 'ADMIN_UNREACHABLE', body.error, remedy);
    }
  }
  throw new RelayError('ADMIN_UNREACHABLE', `${address} does not answer as a relay of this version does`);
}
