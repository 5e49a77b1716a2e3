/**
 * The configuration file of `apply` as one schema, as schema.ts is that of the relay: ApplyConfig of config.ts,
 * config/apply.schema.json and docs/apply-configuration.md come from it.
 */
import * as z from 'zod';
import { credentialProblem, hostProblem, namespaceProblem, topicProblem, mysqlUserProblem } from './addresses.ts';
import { applyAdminSchema, logSchema } from './admin-schema.ts';
import { BOTH, endpointFields, hasEndpoint, hasOneOfBoth, NO_ENDPOINT, withEndpoints } from './endpoints.ts';
import { duration, flag, text, wholeNumber, textOrNone } from './fields.ts';
import { rocketmqTlsSchema } from './sink-schema.ts';
import { mysqlTlsSchema } from './source-schema.ts';
import { glob } from './tables-schema.ts';
import { verifySchema } from './verify-schema.ts';

const topicSchema = z
  .strictObject({
    ...endpointFields,
    topic: text(topicProblem, '^[A-Za-z0-9_-]{1,127}$')
      .prefault('order-binlog')
      .describe('Topic that the relay publishes to.'),
    group: text(
      (group) =>
        /^[A-Za-z0-9_%-]{1,255}$/.test(group)
          ? undefined
          : 'is not a group name: allowed are 1 to 255 letters, digits, _, - and %',
      '^[A-Za-z0-9_%-]{1,255}$',
    ).describe(
      'Consumer group, of this target alone. It must exist, be ordered and never give a message up: mqadmin updateSubGroup -n <name server>:9876 -c <cluster> -g <group> -o true -r 1000000000.',
    ),
    namespace: textOrNone(namespaceProblem).describe(
      'Namespace of topic and group; leave it empty for a cluster of your own.',
    ),
    accessKey: text(credentialProblem)
      .optional()
      .describe('User of RocketMQ’s access control, together with accessSecret; it needs Sub on topic and group.'),
    accessSecret: text(credentialProblem)
      .optional()
      .describe('Secret of accessKey: write `${ROCKETMQ_SECRET}`, or `file:/run/secrets/rocketmq-secret`.'),
    tls: rocketmqTlsSchema,
  })
  .refine(hasEndpoint, NO_ENDPOINT)
  .refine(hasOneOfBoth, BOTH)
  .transform(withEndpoints)
  .describe('The topic that is read.');

const targetSchema = z
  .strictObject({
    host: text(hostProblem).describe('Host name or IP address of the MySQL or MariaDB server that is written to.'),
    port: wholeNumber(1, 65_535).prefault(3306).describe('TCP port of the server.'),
    user: text(mysqlUserProblem).describe(
      'Account that writes. It needs SELECT, INSERT, UPDATE, DELETE and TRIGGER on the databases of the copy, with create also CREATE, with statements run also CREATE, ALTER, DROP and INDEX, and the same with CREATE and ALTER on the database of the ledger.',
    ),
    password: z
      .string()
      .default('')
      .describe(
        'Password of the account: write `${MYSQL_PASSWORD}` to take it from the environment, or `file:/run/secrets/mysql-password` to read it from a file, which is read again at each connect.',
      ),
    tls: mysqlTlsSchema,
    connectTimeout: duration('1s', '5m')
      .prefault('10s')
      .describe(
        'How long one attempt to connect and log in may take before the next one is made; and as long the first statements of a connection.',
      ),
  })
  .transform(({ connectTimeout, ...rest }) => ({ ...rest, connectTimeoutMs: connectTimeout }))
  .describe('The MySQL 8.0.16 or later, or MariaDB 10.5 or later, that the copy is in.');

const objectName = (value: string): string | undefined =>
  Array.from(value).length > 64 ? 'is longer than the 64 characters that a name in MySQL may have' : undefined;

const tablesSchema = z
  .strictObject({
    include: z
      .array(glob(2))
      .min(1, 'must hold at least one pattern')
      .default(['*.*'])
      .describe('Patterns of the tables of the source that are written, as database.table.'),
    exclude: z
      .array(glob(2))
      .default([])
      .describe('Patterns of tables that are not written although include names them.'),
    rename: z
      .record(text(objectName), text(objectName))
      .default({})
      .describe(
        'Names of databases in the target, by their names in the source: `shop: copy_shop`. Those that are not named keep their names.',
      ),
  })
  .prefault({})
  .describe('Which tables are written, and where. Patterns are those of the relay, docs/configuration.md.');

const deletesSchema = z.union(
  [
    z.enum(['apply', 'ignore']),
    z.strictObject({
      column: text(objectName).describe(
        'Name of a column that every table of the target has for it, and no table of the source: DATETIME or TIMESTAMP, of whichever precision, NULL by default. It gets the time at which the delete was committed in the source, in UTC, and NULL when the row is written again. Tables without a key cannot be written then. With create it is made as DATETIME(3).',
      ),
    }),
  ],
  { error: 'must be apply, ignore, or a mapping with column' },
);

export const applySchema = z.strictObject({
  source: topicSchema,
  target: targetSchema,
  tables: tablesSchema,
  connections: wholeNumber(1, 64)
    .prefault(4)
    .describe(
      'How many lanes are written at the same time, each on a connection of its own. Two to four for each two cores of the target are best. ' +
        'One more connection is made for a moment to ask the server about those that do not answer.',
    ),
  create: flag()
    .prefault(false)
    .describe(
      'Whether a table that is missing is made when a copy of it begins, from its definition in the source: without foreign keys, triggers, CHECK and ON UPDATE, ' +
        'UNIQUE keys as ordinary ones, generated columns as plain ones. A database that is missing is made too.',
    ),
  deletes: deletesSchema
    .default('apply')
    .describe(
      '`apply`: what is deleted in the source is deleted in the target. A mapping with column: it stays, and the column tells when it was deleted. `ignore`: it stays. With `ordering: key` of the relay a row whose key changes then stays under its old key too, since that is a delete and an insert.',
    ),
  statements: z
    .enum(['stop', 'run', 'ignore'])
    .default('stop')
    .describe(
      'What happens at a statement (`ddl: inline` of the relay). `stop`: when all rows before it are written the program ends and says what to do. `run`: it is run in the target then, where it is of a form that is safe there (docs/apply.md); otherwise as with stop. `ignore`: it is passed over.',
    ),
  uniqueKeys: z
    .enum(['refuse', 'keep'])
    .default('refuse')
    .describe(
      'Whether a table of the target may have UNIQUE keys beside its key. Only with `ordering: table` or `total` of the relay they are right (`keep`): otherwise they make rows disappear.',
    ),
  ledger: text(objectName)
    .prefault('binlog_relay')
    .describe(
      'Database in the target that keeps how far each lane is written, in tables that are made at the first start. Back it up with the copy.',
    ),
  verify: verifySchema.optional(),
  admin: applyAdminSchema,
  log: logSchema,
});
