import { tmpdir } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { tableFilter, type TableFilter } from '../change/table-filter.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { FORMATS } from '../format/formats.ts';
import type { RelayOptions } from '../relay/run/relay-options.ts';
import { Relay } from '../relay/run/run.ts';
import { StandbyRelay } from '../relay/run/standby-relay.ts';
import { createSpillFile } from '../relay/kept/spill-file.ts';
import { createFileSink } from '../sink/file.ts';
import { createRocketmqSink } from '../sink/rocketmq.ts';
import type { Sink } from '../sink/sink.ts';
import { createStdoutSink } from '../sink/stdout.ts';
import { settingsAt, type ConnectionSettings } from '../source/connection-options.ts';
import { HostTurns } from '../source/host-turns.ts';
import { MysqlTableReader } from '../source/copy/table-reader.ts';
import { MysqlSource } from '../source/mysql-source.ts';
import { createStore } from './store.ts';

/** What every part is given from outside. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** The configured parts, put together. Nothing is connected yet. */
export function createRelay(config: Config, surroundings: Surroundings & Asked): Relay {
  const { limits, ordering, sink } = config;
  const { format: formatName, progressMs, ...publish } = config.publish;
  const format = FORMATS[formatName];
  const hosts = new HostTurns(config.source.hosts);
  return new Relay({
    source: createSource(config, surroundings, hosts),
    sink: createSink(sink, surroundings),
    store: createStore(config, surroundings),
    format,
    ddl: config.ddl === 'warn' || config.ddl === 'stop' ? config.ddl : 'publish',
    ddlSink: createDdlSink(config, surroundings),
    filter: published(config),
    ordering,
    lanes: ordering === 'total' ? 1 : limits.lanes,
    messageKeys: sink.type === 'rocketmq' ? sink.messageKeys : 'none',
    heldBytes: limits.heldBytes,
    messageBytes: limits.messageBytes,
    // Rows that cannot travel together would only wait.
    requestsPerSecond: format.isOneRow ? Infinity : limits.requestsPerSecond,
    publish,
    progressMs,
    copies: copySettings(config, surroundings, hosts),
    createSpillFile: () => createSpillFile(spillFolder(config)),
    standsBy: config.ha === 'standby',
    stopTimeoutMs: limits.stopTimeoutMs,
    checkpointIntervalMs: config.checkpoint.intervalMs,
    runwayWarningMs: config.source.runwayWarningMs,
    maxCountedTables: config.admin.maxTables,
    ...surroundings,
  });
}

type Asked = Pick<RelayOptions, 'acceptNewLanes' | 'acceptNewEndpoint' | 'acceptNewFormat' | 'skip'>;

/** What an operator has asked of one start is not asked of those that follow by themselves. */
const NOT_ASKED: Asked = { acceptNewLanes: false, skip: undefined };

/** The relay as `run` runs it: with ha: standby one that never ends because another one is active. */
export function createRunning(config: Config, surroundings: Surroundings, asked: Asked): Relay | StandbyRelay {
  const create = (isFirst: boolean): Relay =>
    createRelay(config, { ...(isFirst ? asked : NOT_ASKED), ...surroundings });
  return config.ha === 'standby' ? new StandbyRelay({ create, ...surroundings }) : create(true);
}

/** The rows of a chunk cost memory beside their bytes: no chunk needs more of them. */
const MAX_CHUNK_ROWS = 100_000;

function copySettings(config: Config, { clock }: Surroundings, hosts: HostTurns): RelayOptions['copies'] {
  const { source, copy } = config;
  const { source: replica, ...manners } = copy;
  const settings = (): ConnectionSettings => settingsAt(source, hosts.current);
  return {
    reader: new MysqlTableReader({ settings, replica, published: published(config), clock }),
    atFirstStart: source.start === 'copy',
    maxRows: MAX_CHUNK_ROWS,
    ...manners,
  };
}

export function createSource(
  config: Config,
  { clock, logger, random }: Surroundings,
  hosts = new HostTurns(config.source.hosts),
): MysqlSource {
  return new MysqlSource(config.source, {
    hosts,
    clock,
    logger,
    published: published(config),
    partialRows: config.publish.partialRows,
    readsElsewhere: config.copy.source !== undefined,
    standby: config.ha === 'standby' ? { sendMs: sendMs(config.sink), random } : undefined,
  });
}

/** How long a message may be on its way; what is written here is there. */
const sendMs = (sink: SinkConfig): number => (sink.type === 'rocketmq' ? sink.sendTimeoutMs : 0);

export function createSink(sink: SinkConfig, { clock, logger }: Surroundings): Sink {
  switch (sink.type) {
    case 'rocketmq':
      return createRocketmqSink(sink, { clock, logger });
    case 'stdout':
      return createStdoutSink(process.stdout);
    case 'file':
      return createFileSink({ path: sink.path }, { clock, logger });
  }
}

/** Undefined when statements have no topic of their own. */
export function createDdlSink({ sink, ddl }: Config, surroundings: Surroundings): Sink | undefined {
  if (typeof ddl === 'string' || sink.type !== 'rocketmq') return undefined;
  return createSink({ ...sink, topic: ddl.topic }, surroundings);
}

/**
 * Never the checkpoint itself, should it lie in the source or be replicated to it: each message would make the next
 * one.
 */
export function published({ tables, checkpoint }: Config): TableFilter {
  switch (checkpoint.type) {
    case 'file':
      return tableFilter(tables);
    case 'mysql':
      return tableFilter({ ...tables, exclude: [...tables.exclude, `${checkpoint.database}.${checkpoint.table}`] });
    case 'mysqlx':
      return tableFilter({ ...tables, exclude: [...tables.exclude, `${checkpoint.schema}.${checkpoint.collection}`] });
  }
}

/** What is spilled has no use after the process: any disk will do. */
function spillFolder({ checkpoint }: Config): string {
  return checkpoint.type === 'file' ? checkpoint.path : tmpdir();
}
