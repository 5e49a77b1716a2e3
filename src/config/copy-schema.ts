import * as z from 'zod';
import { amount, duration, size, wholeNumber } from './fields.ts';

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
    rest: amount(0, 100)
      .prefault(1)
      .describe(
        'After each chunk the copy rests for so many times as long as it worked on it. 1: it works half of the time. 0: as fast as server and broker take it.',
      ),
  })
  .prefault({})
  .transform(({ chunkTime, ...rest }) => ({ ...rest, chunkMs: chunkTime }))
  .describe(
    'How rows that are in the tables already are published beside the stream, with source.start copy or binlog-relay copy. See docs/copy.md.',
  );
