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
    partialRows: z
      .enum(['fail', 'allow'])
      .default('fail')
      .describe(
        'What to do with rows of which the binlog brings only some columns: binlog_row_image is MINIMAL or NOBLOB, on the server or in a session. ' +
          '`fail`: stop with ROW_IMAGE_NOT_FULL. `allow`: publish the columns that there are, with the names of the others under `absent`. ' +
          'Every reader must know `absent` before you choose it. An update that changes a primary key then needs ordering table or total.',
      ),
    invalidText: z
      .enum(['fail', 'base64'])
      .default('fail')
      .describe(
        'What to do with bytes in a CHAR, VARCHAR or TEXT that are no characters of its charset, so that MySQL itself has no text for them. ' +
          '`fail`: stop with BINLOG_UNSUPPORTED. `base64`: publish the bytes of the whole value in base64, and name row and column under `invalidText`. ' +
          'Every reader must know `invalidText` before you choose it.',
      ),
  })
  .prefault({})
  .describe(
    'What becomes of rows and values that cannot be published as they are. By default the relay stops: nothing is published that is not exact. ' +
      'What readers see otherwise: docs/message-format.md.',
  );
