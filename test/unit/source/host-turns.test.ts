import { describe, expect, it } from 'vitest';
import type { Code } from '../../../src/base/error-codes.ts';
import { asRelayError, RelayError } from '../../../src/base/errors.ts';
import type { MysqlHosts } from '../../../src/config/config.ts';
import { atFitHost, hostText, HostTurns } from '../../../src/source/host-turns.ts';

const at = (host: string): { readonly host: string; readonly port: number } => ({ host, port: 3306 });
const ABC: MysqlHosts = [at('a'), at('b'), at('c')];
/** What the hosts answer; those that are not named serve. */
type Answers = Readonly<Record<string, Code>>;

class Asking {
  readonly turns: HostTurns;
  readonly asked: string[] = [];
  readonly news: string[] = [];

  constructor(hosts: MysqlHosts = ABC) {
    this.turns = new HostTurns(hosts);
  }

  /** The host that serves, or what is thrown. */
  async round(answers: Answers = {}): Promise<string | RelayError> {
    this.asked.length = 0;
    try {
      return await atFitHost(
        this.turns,
        ({ host }) => {
          this.asked.push(host);
          const code = answers[host];
          return code === undefined ? Promise.resolve(host) : Promise.reject(new RelayError(code, `of ${host}`));
        },
        ({ host }, { code }, isNews) => {
          if (isNews) this.news.push(`${host} ${code}`);
          return Promise.resolve();
        },
      );
    } catch (thrown) {
      return asRelayError(thrown);
    }
  }
}

const DOWN = 'SOURCE_UNREACHABLE';

describe('the turns', () => {
  it('follow the list, and stay where it works', async () => {
    const asking = new Asking();
    expect(await asking.round()).toBe('a');
    expect(await asking.round({ a: DOWN })).toBe('b');
    expect(asking.asked).toEqual(['a', 'b']);
    expect(await asking.round()).toBe('b');
    expect(asking.asked).toEqual(['b']);
    expect(await asking.round({ b: DOWN })).toBe('a');
  });

  it('begin again where it worked last, when all were asked in vain', async () => {
    const asking = new Asking();
    expect(await asking.round({ a: DOWN })).toBe('b');
    const none = { a: DOWN, b: DOWN, c: DOWN } as const;
    await asking.round(none);
    expect(asking.asked).toEqual(['b', 'a', 'c']);
    await asking.round(none);
    expect(asking.asked).toEqual(['b', 'a', 'c']);
    expect(await asking.round({ b: DOWN, a: 'BINLOG_PURGED' })).toBe('c');
  });

  it('are told of once for each reason', async () => {
    const asking = new Asking();
    for (let i = 0; i < 3; i += 1) await asking.round({ a: DOWN, b: 'SOURCE_BEHIND', c: DOWN });
    expect(asking.news).toEqual([`a ${DOWN}`, 'b SOURCE_BEHIND', `c ${DOWN}`]);
    await asking.round({ a: 'SOURCE_ROLLED_BACK' });
    await asking.round({ b: DOWN });
    await asking.round({ a: DOWN });
    expect(asking.news.slice(3)).toEqual(['a SOURCE_ROLLED_BACK', `b ${DOWN}`, `a ${DOWN}`]);
  });

  it('of one host change nothing', async () => {
    const asking = new Asking([at('a')]);
    expect(await asking.round({ a: 'BINLOG_PURGED' })).toMatchObject({ code: 'BINLOG_PURGED', message: 'of a' });
    expect(asking.news).toEqual([]);
    expect(await asking.round()).toBe('a');
  });

  it.each(['SOURCE_LOCKED', 'SOURCE_MOVED', 'INTERNAL'] as const)('do not hide %s', async (code) => {
    const asking = new Asking();
    expect(await asking.round({ a: code })).toMatchObject({ code, message: 'of a' });
    expect(asking.asked).toEqual(['a']);
  });
});

describe('when none serves', () => {
  it.each<[Code, Answers]>([
    ['SOURCE_NO_HOST_FIT', { a: DOWN, b: 'SOURCE_ROLLED_BACK', c: 'BINLOG_PURGED' }],
    ['SOURCE_NO_HOST_FIT', { a: 'SOURCE_LACKS_PUBLISHED', b: 'SOURCE_BEHIND', c: 'SOURCE_ACCESS_DENIED' }],
    ['SOURCE_ACCESS_DENIED', { a: 'BINLOG_PURGED', b: 'SOURCE_ACCESS_DENIED', c: 'SOURCE_SETTINGS' }],
    ['SOURCE_LACKS_PUBLISHED', { a: 'SOURCE_LACKS_PUBLISHED', b: 'BINLOG_PURGED', c: 'BINLOG_PURGED' }],
  ])('it is %s of %j', async (code, answers) => {
    const error = await new Asking().round(answers);
    expect(error).toMatchObject({ code });
    for (const [host, own] of Object.entries(answers)) {
      expect(String(error)).toContain(`${host}:3306: ${own}: of ${host}`);
    }
  });
});

it('writes an address of IPv6 so that its port can be told', () => {
  expect(hostText({ host: '::1', port: 3307 })).toBe('[::1]:3307');
});
