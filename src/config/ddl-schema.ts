import * as z from 'zod';
import { topicProblem } from './addresses.ts';
import { text } from './fields.ts';

const ownTopic = z.strictObject({
  topic: text(topicProblem, '^[A-Za-z0-9_-]{1,127}$').describe(
    'Topic that the statements are published to, beside the one of the rows. It must exist and have message type FIFO; one queue is enough.',
  ),
});

export const ddlSchema = z
  .union([z.enum(['warn', 'stop', 'inline']), ownTopic], {
    error: 'must be warn, stop, inline, or a mapping with topic',
  })
  .default('warn')
  .describe(
    'What happens at a statement that changes published tables without row events: TRUNCATE, ALTER, DROP, RENAME … `warn`: log, metric, and a notice in ' +
      '/healthz until an operator acknowledges it. `stop`: the relay stops before it. `inline`: the statement is published in every lane, at its place ' +
      'among the rows; for readers of your own, since Flink’s canal-json fails on it. A mapping with `topic`: it is published there.',
  );
