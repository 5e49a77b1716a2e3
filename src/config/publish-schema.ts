import * as z from 'zod';

export const publishSchema = z
  .strictObject({
    oversize: z
      .enum(['fail', 'skeleton'])
      .default('fail')
      .describe(
        'What to do with a row that is larger than a message may be: what the proxy of RocketMQ announces as maxMessageSize, 4 MiB by default, less 64 KiB. ' +
          '`fail`: stop with ROW_TOO_LARGE. `skeleton`: publish the columns of its primary key alone, with the names of the columns left out under `omitted`; ' +
          'readers fetch the row themselves. Every reader must know `omitted` before you choose it.',
      ),
  })
  .prefault({})
  .describe(
    'What becomes of rows and values that cannot be published as they are. By default the relay stops: nothing is published that is not exact. ' +
      'What readers see otherwise: docs/message-format.md.',
  );
