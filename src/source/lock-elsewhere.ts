/** The lock of relays that stand by, where the binlog is read of several servers: each of them has locks of its own. */
import type { Clock } from '../base/clock.ts';
import type { MysqlHost, SourceConfig } from '../config/config.ts';
import { settingsAt } from './connection-options.ts';
import { openControlSession } from './control-session.ts';
import { holderOf, lockNameOf } from './lock.ts';

/**
 * The first of `hosts` at which somebody has the lock of `identity`; undefined when nobody has, as far as they can be
 * asked: one that cannot be reached is passed over, and what keeps two relays apart then is the fence in the
 * checkpoint.
 */
export async function heldElsewhere(
  hosts: readonly MysqlHost[],
  identity: string,
  config: SourceConfig,
  clock: Clock,
  closing: AbortSignal,
): Promise<MysqlHost | undefined> {
  const held = await Promise.all(
    hosts.map(async (host) => {
      try {
        const session = await openControlSession(settingsAt(config, host), clock, () => undefined, closing);
        try {
          return (await holderOf(session, lockNameOf(identity))) !== undefined;
        } finally {
          await session.close();
        }
      } catch {
        return false;
      }
    }),
  );
  return hosts.find((_, i) => held[i] === true);
}
