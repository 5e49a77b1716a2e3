/** The real source and relay in this process, between a real MySQL or MariaDB and a sink of the test. */
import { pino } from 'pino';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { systemClock } from '../../src/base/clock.ts';
import { tableFilter, type TablePatterns } from '../../src/change/table-filter.ts';
import type { SourceConfig, StartSetting } from '../../src/config/config.ts';
import type { RelayOptions } from '../../src/relay/run/relay-options.ts';
import { Relay } from '../../src/relay/run/run.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { MysqlSource } from '../../src/source/mysql-source.ts';
import { relayDefaults } from './relay-defaults.ts';

export interface RealSourceRelayOptions extends Partial<Omit<RelayOptions, 'source' | 'filter' | 'sink'>> {
  readonly mysql: MysqlAddress;
  readonly tables: Partial<TablePatterns> & Pick<TablePatterns, 'include'>;
  /** Default: the next transaction. */
  readonly start?: StartSetting;
  readonly sink: Sink;
  /** What differs from an ordinary connection to `mysql`. */
  readonly source?: Partial<SourceConfig>;
}

/** Not yet running. What is not given is as a test of a few hundred rows wants it. */
export function realSourceRelay({
  mysql,
  tables,
  start = 'latest',
  sink,
  source,
  ...options
}: RealSourceRelayOptions): Relay {
  const filter = tableFilter({ exclude: [], excludeColumns: [], ...tables });
  const logger = pino({ level: 'silent' });
  const settings = {
    hosts: [mysql] as const,
    user: mysql.relayUser,
    password: mysql.relayPassword,
    tls: { mode: 'preferred' as const },
    serverId: undefined,
    start,
    heartbeatMs: 10_000,
    connectTimeoutMs: 10_000,
    ...source,
    section: 'source' as const,
  };
  const partialRows = options.publish?.partialRows ?? 'fail';
  return new Relay({
    source: new MysqlSource(settings, { clock: systemClock, logger, published: filter, partialRows }),
    sink,
    ...relayDefaults(),
    filter,
    heldBytes: 8 << 20,
    checkpointIntervalMs: 100,
    clock: systemClock,
    random: () => 0.5,
    logger,
    ...options,
  });
}
