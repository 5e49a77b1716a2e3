/**
 * The configuration file as one schema. The types of config.ts, the editor's schema (config/relay.schema.json) and
 * docs/configuration.md all come from it. Every object is strict: a key that the relay does not know stops it before it
 * starts. Keys that hold a duration get their unit with their value: `heartbeat: 10s` becomes `heartbeatMs: 10000`.
 */
import * as z from 'zod';
import { adminSchema, logSchema } from './admin-schema.ts';
import { checkpointSchema } from './checkpoint-schema.ts';
import { copySchema } from './copy-schema.ts';
import { duration, size, wholeNumber } from './fields.ts';
import { ddlSchema } from './ddl-schema.ts';
import { publishSchema } from './publish-schema.ts';
import { sinkSchema } from './sink-schema.ts';
import { sourceSchema } from './source-schema.ts';
import { tablesSchema } from './tables-schema.ts';

const orderingSchema = z
  .enum(['key', 'table', 'total'])
  .default('key')
  .describe(
    'What order readers can rely on. `key`: every row’s history in commit order, the fastest. `table`: every table’s history in commit order. ' +
      '`total`: the whole commit order, in one lane. Changing it later needs all readers to have drained the topic.',
  );

const haSchema = z
  .enum(['single', 'standby'])
  .default('single')
  .describe(
    'What a relay does when another one of the same configuration is running. `single`: it ends. `standby`: it waits, as long as it takes, and takes over when the other ' +
      'one is gone; whoever loses its place waits again. Set it in all of them. It needs sink.type rocketmq or stdout, and a checkpoint that all of them reach: type mysql or mysqlx, ' +
      'or a folder that is shared (checkpoint.shared). docs/operations.md tells how long a take-over takes.',
  );

const limitsSchema = z
  .strictObject({
    heldBytes: size('1MiB', '16GiB')
      .prefault('16MiB')
      .describe(
        'How much the relay holds in memory, gathered or on its way to the broker, before it stops reading from MySQL until there is room again. ' +
          'The process needs memory of its own besides. More does not make it faster; it only pauses later when the broker does not answer. At least 2 × lanes × messageBytes.',
      ),
    messageBytes: size('1KiB', '1MiB')
      .prefault('256KiB')
      .describe(
        'Size up to which changes are packed into one message. A single larger row makes a larger message. ' +
          'Lower it for readers that cannot take large messages; throughput falls with it.',
      ),
    lanes: wholeNumber(1, 64)
      .prefault(8)
      .describe(
        'How many messages may be on their way at the same time, each lane one strict order; with ordering total there is one lane. ' +
          'Best a multiple of the topic’s queues. Changing it later needs all readers to have drained the topic.',
      ),
    requestsPerSecond: wholeNumber(10, 100_000)
      .prefault(500)
      .describe(
        'How many messages are sent a second at most. Above this, changes wait for some milliseconds and travel together: a request costs the relay and ' +
          'the broker the same whether it carries one row or a thousand. Each lane then sends every lanes / requestsPerSecond seconds.',
      ),
    stopTimeout: duration('0', '5m')
      .prefault('5s')
      .describe(
        'How long a stop waits for messages that are on their way. What is not acknowledged by then is published again after the next start. ' +
          'Keep it below the time after which your supervisor kills the process (Docker: 10 s).',
      ),
  })
  .prefault({})
  .transform(({ stopTimeout, ...rest }) => ({ ...rest, stopTimeoutMs: stopTimeout }))
  .describe('Bounds of memory, message size, parallelism and waiting.');

export const configSchema = z.strictObject({
  source: sourceSchema,
  tables: tablesSchema,
  sink: sinkSchema,
  publish: publishSchema,
  ordering: orderingSchema,
  ddl: ddlSchema,
  ha: haSchema,
  limits: limitsSchema,
  copy: copySchema,
  checkpoint: checkpointSchema,
  admin: adminSchema,
  log: logSchema,
});
