import * as z from 'zod';
import { hostProblem, mysqlUserProblem } from './addresses.ts';
import { amount, duration, flag, size, text, wholeNumber } from './fields.ts';
import { mysqlTlsSchema } from './source-schema.ts';

const copySourceSchema = z
  .strictObject({
    host: text(hostProblem)
      .optional()
      .describe('Host name or IP address of the replica; without it that of source.host.'),
    port: wholeNumber(1, 65_535).optional().describe('TCP port of the replica; without it that of source.port.'),
    user: text(mysqlUserProblem)
      .optional()
      .describe(
        'MySQL account for reading tables; without it that of source.user. It needs SELECT on the tables there, and nothing else.',
      ),
    password: z
      .string()
      .optional()
      .describe(
        'Password of that account; without it that of source.password. Write it as `${NAME}` or `file:/run/secrets/…`, as there.',
      ),
    tls: mysqlTlsSchema
      .unwrap()
      .optional()
      .describe('Encryption of the connection to the replica; without it as in source.tls, all of it.'),
    connectTimeout: duration('1s', '5m')
      .optional()
      .describe(
        'How long one attempt to connect to the replica may take; without it as long as source.connectTimeout.',
      ),
  })
  .transform(({ connectTimeout, ...rest }) => ({ ...rest, connectTimeoutMs: connectTimeout }))
  .optional()
  .describe(
    'A replica of the server at source.host, of which tables are read to spare that server; what is not given is as in source. ' +
      'Without this section tables are read at source.host.',
  );

export const copySchema = z
  .strictObject({
    chunkTime: duration('10ms', '10s')
      .prefault('500ms')
      .describe(
        'How long one read of a table should take; the number of rows in it follows from that. While it takes, InnoDB keeps old versions of rows for it, ' +
          'and rows of this chunk that change meanwhile are left to the stream.',
      ),
    chunkBytes: size('64KiB', '256MiB')
      .prefault('8MiB')
      .describe(
        'How much of a table is held in memory at once, beside limits.heldBytes. A row that is larger is held whole all the same.',
      ),
    maxThreadsRunning: wholeNumber(1, 100_000)
      .prefault(64)
      .describe(
        'While more threads than this run on the server (Threads_running, asked for every second), the copy waits, and says so. ' +
          'Lower it for a server with few cores.',
      ),
    maxHistoryList: wholeNumber(1_000, 1_000_000_000_000)
      .prefault(1_000_000)
      .describe(
        'While the history list of InnoDB on the server that tables are read of is longer than this, the copy waits, and says so: the server ' +
          'does not get round to removing old versions of rows. Asked for every five seconds. MySQL shows it only to an account with PROCESS: without it nothing waits for it.',
      ),
    source: copySourceSchema,
    exact: flag()
      .default(false)
      .describe(
        'For readers that add and retract and cannot write over by key. Every table is copied whole, at one place of the stream, and nothing of it is published before: ' +
          'the first message of every row is its INSERT. Readers get nothing else while a table is sent, and nothing of a table that waits for its copy. ' +
          'Holds for copies that are asked for from then on; a copy that goes on stays as it was asked for.',
      ),
    rest: amount(0, 100)
      .prefault(1)
      .describe(
        'After each chunk the copy rests for so many times as long as it worked on it. 1: it works half of the time. 0: as fast as server and broker take it.',
      ),
  })
  .prefault({})
  .transform(({ chunkTime, exact, ...rest }) => ({ ...rest, chunkMs: chunkTime, isExact: exact }))
  .describe(
    'How rows that are in the tables already are published beside the stream, with source.start copy or binlog-relay copy. See docs/copy.md.',
  );
