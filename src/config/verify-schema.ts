import * as z from 'zod';
import { hostProblem, mysqlUserProblem, tokenProblem } from './addresses.ts';
import { verifyAdminSchema } from './admin-schema.ts';
import { amount, duration, durationOrOff, text, wholeNumber } from './fields.ts';
import { mysqlTlsSchema } from './source-schema.ts';

const sourceSchema = z
  .strictObject({
    host: text(hostProblem).describe(
      'Host name or IP address of the server that the relay reads, or of a replica that has the same transactions.',
    ),
    port: wholeNumber(1, 65_535).prefault(3306).describe('TCP port of the server.'),
    user: text(mysqlUserProblem).describe(
      'Account that reads. It needs SELECT on the tables that are compared, and nothing else; without GTIDs REPLICATION CLIENT too.',
    ),
    password: z
      .string()
      .default('')
      .describe('Password of the account: write `${MYSQL_PASSWORD}`, or `file:/run/secrets/mysql-password`.'),
    tls: mysqlTlsSchema,
    connectTimeout: duration('1s', '5m')
      .prefault('10s')
      .describe('How long one attempt to connect and log in may take before the next one is made.'),
  })
  .transform(({ connectTimeout, ...rest }) => ({ ...rest, connectTimeoutMs: connectTimeout }))
  .describe('The database that the relay reads. Nothing is ever written to it.');

export const verifySchema = z
  .strictObject({
    source: sourceSchema,
    relay: text((url) => (/^https?:\/\/[^/\s]+\/?$/.test(url) ? undefined : 'is no address such as http://relay:8686'))
      .optional()
      .describe(
        'Address of the admin server of the relay, such as `http://relay:8686`, which `--repair` asks for copies.',
      ),
    relayToken: text(tokenProblem)
      .optional()
      .describe('The admin.token of that relay: write `${ADMIN_TOKEN}`, or `file:/run/secrets/admin-token`.'),
    chunkTime: duration('10ms', '10s')
      .prefault('300ms')
      .describe('How long one read of the source should take; the number of rows in it follows from that.'),
    rest: amount(0, 100)
      .prefault(1)
      .describe(
        'After its work the comparison rests for so many times as long. 1: it works half of the time. 0: as fast as the servers answer.',
      ),
    maxThreadsRunning: wholeNumber(1, 100_000)
      .prefault(64)
      .describe('While more threads than this run on the source (Threads_running), the comparison waits, and says so.'),
    patience: duration('1s', '24h')
      .prefault('5m')
      .describe(
        'How long the target may say nothing new of how far it is before the comparison ends with VERIFY_NO_PROGRESS; with `every` it says so, and goes on waiting.',
      ),
    maxDifferences: wholeNumber(1, 100_000)
      .prefault(1000)
      .describe('When so many rows of a table differ, no more are looked for in it; `--repair` then copies all of it.'),
    every: durationOrOff('1m', '8760h')
      .prefault('off')
      .describe(
        'How often all tables are compared, from the beginning of a pass to that of the next. `off`: once, and then the program ends.',
      ),
    admin: verifyAdminSchema,
  })
  .transform(({ chunkTime, patience, every, ...rest }) => ({
    ...rest,
    chunkMs: chunkTime,
    patienceMs: patience,
    everyMs: every,
  }))
  .describe(
    'How `binlog-relay verify` compares the source with the target: docs/verify.md. Without it only apply runs.',
  );
