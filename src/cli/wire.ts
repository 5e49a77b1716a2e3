import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { tableFilter } from '../change/table-filter.ts';
import type { CheckpointStore } from '../checkpoint/checkpoint.ts';
import { createFileCheckpointStore } from '../checkpoint/file.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { canalJson } from '../format/canal-json.ts';
import { Relay } from '../relay/run.ts';
import { createFileSink } from '../sink/file.ts';
import { createRocketmqSink } from '../sink/rocketmq.ts';
import type { Sink } from '../sink/sink.ts';
import { createStdoutSink } from '../sink/stdout.ts';
import { MysqlSource } from '../source/mysql-source.ts';

/** What every part is given from outside. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** The configured parts, put together. Nothing is connected yet. */
export function createRelay(config: Config, surroundings: Surroundings & { readonly acceptNewLanes: boolean }): Relay {
  const { limits, ordering, sink } = config;
  return new Relay({
    source: createSource(config, surroundings),
    sink: createSink(sink, surroundings),
    store: createStore(config, surroundings),
    format: canalJson,
    filter: tableFilter(config.tables),
    ordering,
    lanes: ordering === 'total' ? 1 : limits.lanes,
    messageKeys: sink.type === 'rocketmq' ? sink.messageKeys : 'none',
    heldBytes: limits.heldBytes,
    messageBytes: limits.messageBytes,
    stopTimeoutMs: limits.stopTimeoutMs,
    checkpointIntervalMs: config.checkpoint.intervalMs,
    ...surroundings,
  });
}

export function createSource({ source, tables }: Config, { clock, logger }: Surroundings): MysqlSource {
  return new MysqlSource(source, { clock, logger, published: tableFilter(tables) });
}

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

export function createStore({ checkpoint }: Config, { logger }: Surroundings): CheckpointStore {
  return createFileCheckpointStore({ folder: checkpoint.path }, { logger });
}
