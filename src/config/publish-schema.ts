import * as z from 'zod';
import { timeZoneProblem } from '../base/time-zone.ts';
import { durationOrOff, text } from './fields.ts';

export const publishSchema = z
  .strictObject({
    format: z
      .enum(['canal-json', 'debezium-json', 'maxwell-json'])
      .default('canal-json')
      .describe(
        'How the body of a message is written. `canal-json`: the one for everything here, with many rows a message. `debezium-json` and `maxwell-json`: for ' +
          'readers of Debezium’s or Maxwell’s JSON, which take one change a body; each row is a message then, which costs relay, broker and readers a request a row, about ' +
          'a hundred times as much in a backlog. apply, verify and binlog-relay/reader read canal-json only. A topic has one format: a relay whose checkpoint was made for another one refuses to start.',
      ),
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
        'What to do with bytes in a CHAR, VARCHAR or TEXT that are no characters of its charset, so that MySQL itself has no text for them; and, where a label of ' +
          'an ENUM or SET is empty, with an ENUM of index 0 and a SET that holds the empty label, whose text another value has too. ' +
          '`fail`: stop with BINLOG_UNSUPPORTED. `base64`: publish the bytes of the whole value in base64, and name row and column under `invalidText`. ' +
          'Every reader must know `invalidText` before you choose it.',
      ),
    timeZone: text(timeZoneProblem)
      .prefault('UTC')
      .describe(
        'Time zone of the text of TIMESTAMP columns: UTC, an offset such as `+08:00`, or a name such as `Asia/Shanghai`. Other than UTC, every message names it ' +
          'under `timeZone`. Where clocks are put back, two times have the same text, and a reader cannot tell them apart: prefer UTC or an offset. ' +
          'Changing it moves no row to another lane, but readers that do not look at `timeZone` must have drained the topic.',
      ),
    binary: z
      .enum(['base64', 'latin1'])
      .default('base64')
      .describe(
        'Text of BINARY, VARBINARY, BLOB, GEOMETRY and VECTOR columns. `base64`: as most readers of JSON expect it. `latin1`: each byte as the character of its ' +
          'number, which is what Canal writes and its adapter reads; every message says so under `binary`. Readers must know of a change, as of one of timeZone.',
      ),
    progress: durationOrOff('1s', '1h')
      .prefault('off')
      .describe(
        'How often every lane says in a message of its own, with the tag `progress` and without rows, how far it is: up to which GTID set everything of the lane is ' +
          'before this message. Idle or not, so that readers know how fresh they are, tell a quiet database from a dead relay, and can wait for a position. ' +
          'Readers that subscribe to tags of tables never see it; all others must pass over it before you choose it. At least 10 × lanes / requestsPerSecond seconds.',
      ),
  })
  .prefault({})
  .transform(({ progress, ...rest }) => ({ ...rest, progressMs: progress }))
  .describe(
    'What becomes of rows and values that cannot be published as they are: by default the relay stops, and nothing is published that is not exact. ' +
      'And what is published beside rows. What readers see: docs/message-format.md.',
  );
