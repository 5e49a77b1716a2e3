import * as z from 'zod';
import { hostProblem, mysqlHostProblem, mysqlUserProblem, parseMysqlHost } from './addresses.ts';
import { duration, path, text, wholeNumber } from './fields.ts';
import { startSetting } from './start-setting.ts';

const mysqlTlsMode = z
  .enum(['preferred', 'required', 'verify-ca', 'verify-identity', 'disabled'])
  .describe(
    'How the connection is protected, in the words of the mysql client. `preferred`: encrypted if the server can, else plain. ' +
      '`required`: encrypted, the certificate is not looked at. `verify-ca`: and the certificate must be signed by a known authority. ' +
      '`verify-identity`: and it must be made for the host that is configured. `disabled`: plain. ' +
      'Choose verify-identity wherever the network to the server is not yours alone.',
  );

const mysqlTlsKeys = z.strictObject({
  mode: mysqlTlsMode.default('preferred'),
  ca: path()
    .optional()
    .describe(
      'PEM file of the authorities that the server’s certificate may be signed by; without it, those that Node.js brings. ' +
        'Set it for a server with a certificate of your own or of a cloud provider. Only with mode verify-ca or verify-identity.',
    ),
  cert: path()
    .optional()
    .describe(
      'PEM file of the relay’s own certificate, together with key. Set it when the account was created with REQUIRE X509.',
    ),
  key: path().optional().describe('PEM file of the private key of cert, without a passphrase.'),
});

/** Of a connection to MySQL. */
export const mysqlTlsSchema = mysqlTlsKeys.prefault({}).describe('Encryption of the connection to MySQL.');

/** Of one that is never plain unless that is asked for. */
export const encryptedMysqlTlsSchema = mysqlTlsKeys
  .extend({ mode: mysqlTlsMode.default('required') })
  .prefault({})
  .describe('Encryption of the connection to that server.');

export const sourceSchema = z
  .strictObject({
    host: text(hostProblem)
      .optional()
      .describe(
        'Host name or IP address of the server whose binlog is read: the source or one of its replicas. Either this or hosts. ' +
          'It may be a name that moves with the primary (DNS, a proxy, a virtual address).',
      ),
    port: wholeNumber(1, 65_535).prefault(3306).describe('TCP port of the MySQL server at host.'),
    hosts: z
      .array(text(mysqlHostProblem))
      .min(1, 'must name at least one server')
      .optional()
      .describe(
        'In place of host and port: the servers of one replication, each as `host` or `host:port`, in the order in which they are preferred. ' +
          'The relay reads one of them for as long as it works, and goes on at another one when it cannot be reached or cannot give what comes next. ' +
          'Several need GTIDs. All are reached with the same user, password and tls.',
      ),
    user: text(mysqlUserProblem).describe(
      'MySQL account of the relay. It needs REPLICATION SLAVE and REPLICATION CLIENT on `*.*`, of MariaDB REPLICATION SLAVE, BINLOG MONITOR and SLAVE MONITOR, and SELECT on tables that are to be copied; nothing else.',
    ),
    password: z
      .string()
      .default('')
      .describe(
        'Password of the account; empty for an account without one. Keep it out of this file: write `${MYSQL_PASSWORD}` to take it from the ' +
          'environment, or `file:/run/secrets/mysql-password` to read it from a file, which is read again at each connect.',
      ),
    tls: mysqlTlsSchema,
    serverId: wholeNumber(1, 4_294_967_295)
      .optional()
      .describe(
        'The number by which MySQL knows the relay among its replicas. Without it the relay derives one. Set it when it must be known ' +
          'beforehand; it must differ from every server and every other reader of that server, since MySQL throws out the older of two.',
      ),
    start: startSetting
      .prefault('latest')
      .describe(
        'Where the very first start begins, when there is no checkpoint yet; afterwards the checkpoint alone decides. ' +
          '`copy`: with the next transaction, and beside it every row that is there already is published, table by table. `latest`: with the next transaction. `earliest`: with the oldest binlog that the server still has. ' +
          'A mapping with gtidSet, or with file and position: exactly there, for readers that start from a copy of the database.',
      ),
    heartbeat: duration('1s', '5m')
      .prefault('10s')
      .describe(
        'How often MySQL sends a sign of life while nothing is written. When it stays away for three times as long, the relay reconnects. ' +
          'Lower it to notice a dead connection sooner; raise it on a line that loses packets.',
      ),
    connectTimeout: duration('1s', '5m')
      .prefault('10s')
      .describe(
        'How long one attempt to connect and log in to MySQL may take before the next one is made. Raise it for a distant or slow server.',
      ),
    runwayWarning: duration('0', '8760h')
      .optional()
      .describe(
        'When the server will purge the binlog after the checkpoint sooner than this, /healthz and the log warn. 0: never. Without it: ' +
          'a day, or a quarter of the time that the server keeps its binlogs, whichever is shorter. Raise it to the time that a broken broker may take to mend.',
      ),
  })
  .refine(({ host, hosts }) => host !== undefined || hosts !== undefined, {
    path: ['host'],
    error: 'is missing',
    // Whatever else is wrong: all problems are told at once.
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .transform(({ host, port, hosts, heartbeat, connectTimeout, runwayWarning, ...rest }) => ({
    ...rest,
    hosts: hosts === undefined ? (host === undefined ? [] : [{ host, port }]) : hosts.map(parseMysqlHost),
    heartbeatMs: heartbeat,
    connectTimeoutMs: connectTimeout,
    ...(runwayWarning !== undefined && { runwayWarningMs: runwayWarning }),
  }))
  .describe('The MySQL or MariaDB server whose binlog is published.');
