import * as z from 'zod';
import { hostProblem, mysqlUserProblem } from './addresses.ts';
import { duration, path, text, wholeNumber, type TextCheck } from './fields.ts';
import { encryptedMysqlTlsSchema } from './source-schema.ts';

const interval = duration('100ms', '1m')
  .prefault('1s')
  .describe(
    'How often the checkpoint is stored. After a crash at most this much is published a second time. Raise it for a disk or a server that is slow to sync.',
  );

const fileSchema = z
  .strictObject({
    type: z.literal('file').default('file').describe('Keeps the checkpoint in files of a folder.'),
    path: path()
      .prefault('./checkpoint')
      .describe(
        'The folder; relative to the working directory; created when it is missing. It must survive the container: without it the relay starts at source.start again. ' +
          'Never shared by two relays, unless these are of one configuration with ha: standby.',
      ),
    shared: z
      .boolean()
      .default(false)
      .describe(
        'With ha: standby: says that all relays of this configuration see this very folder, on one machine or through a network file system. ' +
          'One that took over with a folder of its own would start again at source.start.',
      ),
    interval,
  })
  .transform(({ interval, ...rest }) => ({ ...rest, intervalMs: interval }))
  .describe('Two files in a folder, the default.');

/**
 * Lower case, so that the binlog of every server has the name as it is written here, whatever its
 * lower_case_table_names.
 */
const nameProblem: TextCheck = (name) =>
  /^[a-z0-9_]{1,64}$/.test(name) ? undefined : 'is not a name of up to 64 lower-case letters, digits and _';

const password = z
  .string()
  .default('')
  .describe(
    'Password of the account; empty for an account without one. Keep it out of this file: write `${CHECKPOINT_PASSWORD}`, or ' +
      '`file:/run/secrets/checkpoint-password`.',
  );

const recordName = text(
  (name) => (/^[A-Za-z0-9_.-]{1,32}$/.test(name) ? undefined : 'is not up to 32 letters, digits, _, - and .'),
  '^[A-Za-z0-9_.-]{1,32}$',
);

const mysqlSchema = z
  .strictObject({
    type: z
      .literal('mysql')
      .describe(
        'Keeps the checkpoint in a table of a MySQL 8.0 or later, or of a MariaDB 10.5 or later, through the classic protocol.',
      ),
    host: text(hostProblem).describe(
      'Host name or IP address of that server. Better another one than the source: there each stored checkpoint is a transaction of the binlog that the relay reads, ' +
        'so it never comes to rest.',
    ),
    port: wholeNumber(1, 65_535).prefault(3306).describe('TCP port of that server.'),
    user: text(mysqlUserProblem).describe(
      'MySQL account; it needs SELECT, INSERT and UPDATE on the table, and CREATE until the table is there.',
    ),
    password,
    tls: encryptedMysqlTlsSchema,
    database: text(nameProblem, '^[a-z0-9_]{1,64}$').describe('Database of the table. It must exist.'),
    table: text(nameProblem, '^[a-z0-9_]{1,64}$')
      .prefault('binlog_relay_checkpoints')
      .describe('Table of the checkpoints; created when it is missing. It is never published, whatever tables says.'),
    name: recordName.describe('Name of this relay’s row in the table. Never shared by two relays.'),
    interval,
  })
  .transform(({ interval, ...rest }) => ({ ...rest, intervalMs: interval }))
  .describe('A row in a MySQL or MariaDB server, for containers without a volume that outlives them.');

const tlsSchema = z
  .strictObject({
    mode: z
      .enum(['required', 'verify-ca', 'verify-identity'])
      .default('required')
      .describe(
        'How the server is known; the connection is always encrypted. `required`: the certificate is not looked at. `verify-ca`: it must be signed by an ' +
          'authority in ca. `verify-identity`: and it must be made for checkpoint.host.',
      ),
    ca: path()
      .optional()
      .describe(
        'PEM file of the authorities that the server’s certificate may be signed by (SELECT @@mysqlx_ssl_ca, @@ssl_ca). Needed with mode verify-ca and verify-identity.',
      ),
  })
  .prefault({})
  .describe('Whether the certificate of that server is verified.');

const mysqlxSchema = z
  .strictObject({
    type: z
      .literal('mysqlx')
      .describe(
        'Keeps the checkpoint in a MySQL server, through the X Protocol and the optional package @mysql/xdevapi (GPL-2.0).',
      ),
    host: text(hostProblem).describe(
      'Host name or IP address of that server. Better another one than the source: there each stored checkpoint is a transaction of the binlog that the relay reads, ' +
        'so it never comes to rest.',
    ),
    port: wholeNumber(1, 65_535)
      .prefault(33_060)
      .describe('TCP port of the X Protocol (SELECT @@mysqlx_port); not 3306, the port of the classic protocol.'),
    user: text().describe('MySQL account; it needs SELECT, INSERT, UPDATE and CREATE on the schema.'),
    password,
    tls: tlsSchema,
    schema: text(nameProblem, '^[a-z0-9_]{1,64}$').describe('Schema of the collection. It must exist.'),
    collection: text(nameProblem, '^[a-z0-9_]{1,64}$')
      .prefault('binlog_relay_checkpoints')
      .describe(
        'Collection of the checkpoints; created when it is missing. It is never published, whatever tables says.',
      ),
    name: recordName.describe('Name of this relay’s document in the collection. Never shared by two relays.'),
    interval,
  })
  .transform(({ interval, ...rest }) => ({ ...rest, intervalMs: interval }))
  .describe('A document in a MySQL server, through the X Protocol.');

export const checkpointSchema = z
  .discriminatedUnion('type', [fileSchema, mysqlSchema, mysqlxSchema], { error: 'is not one of file, mysql, mysqlx' })
  .prefault({})
  .describe('Where the relay stores the position that the next run resumes from; type chooses the kind.');
