import * as z from 'zod';
import { credentialProblem, namespaceProblem, topicProblem } from './addresses.ts';
import { BOTH, endpointFields, hasEndpoint, hasOneOfBoth, NO_ENDPOINT, withEndpoints } from './endpoints.ts';
import { duration, flag, path, text, textOrNone } from './fields.ts';

/** Of a connection to RocketMQ. */
export const rocketmqTlsSchema = z
  .strictObject({
    enabled: flag()
      .prefault(false)
      .describe(
        'Whether the connection to the proxy is encrypted and its certificate verified. The proxy accepts both kinds by default.',
      ),
    ca: path()
      .optional()
      .describe(
        'PEM file of the authorities that the proxy’s certificate may be signed by; without it, those that Node.js brings. ' +
          'The certificate that RocketMQ makes for itself cannot be verified: give the proxy one of your own.',
      ),
  })
  .prefault({})
  .describe('Encryption of the connection to RocketMQ.');

const rocketmqSinkSchema = z
  .strictObject({
    type: z.literal('rocketmq').default('rocketmq').describe('Publishes to a FIFO topic of RocketMQ 5.'),
    ...endpointFields,
    topic: text(topicProblem, '^[A-Za-z0-9_-]{1,127}$')
      .prefault('order-binlog')
      .describe('Topic that the changes are published to. It must exist and have message type FIFO.'),
    namespace: textOrNone(namespaceProblem).describe(
      'Namespace of the topic. Managed RocketMQ services name their instance here; leave it empty for a cluster of your own.',
    ),
    accessKey: text(credentialProblem)
      .optional()
      .describe(
        'User of RocketMQ’s access control, together with accessSecret. Needed when the cluster has ACL enabled; it needs Pub on the topic.',
      ),
    accessSecret: text(credentialProblem)
      .optional()
      .describe(
        'Secret of accessKey. Keep it out of this file: write `${ROCKETMQ_SECRET}`, or `file:/run/secrets/rocketmq-secret`.',
      ),
    tls: rocketmqTlsSchema,
    sendTimeout: duration('1s', '1m')
      .prefault('10s')
      .describe(
        'How long the relay waits for the broker to acknowledge one message before it sends it again, which may publish it twice. ' +
          'Raise it for a broker that is slow to flush or to replicate.',
      ),
    messageKeys: z
      .enum(['auto', 'all', 'none'])
      .default('auto')
      .describe(
        'Whether a message carries the primary keys of its rows, by which mqadmin and the dashboard find it. `auto`: up to 32 rows a message. ' +
          '`all`: as long as they fit into 8 KiB. `none`: never.',
      ),
  })
  .refine(hasEndpoint, NO_ENDPOINT)
  .refine(hasOneOfBoth, BOTH)
  .transform(({ sendTimeout, ...rest }) => ({ ...withEndpoints(rest), sendTimeoutMs: sendTimeout }))
  .describe('RocketMQ, the default.');

const stdoutSinkSchema = z
  .strictObject({ type: z.literal('stdout').describe('Writes one line of JSON for each message to standard output.') })
  .describe('Standard output, to look at what would be published.');

const fileSinkSchema = z
  .strictObject({
    type: z.literal('file').describe('Appends one line of JSON for each message to a file.'),
    path: path().describe('The file; it is created when it is missing. Nothing ever shortens or rotates it.'),
  })
  .describe('A file, to try the relay out without a broker.');

export const sinkSchema = z
  .discriminatedUnion('type', [rocketmqSinkSchema, stdoutSinkSchema, fileSinkSchema], {
    error: 'is not one of rocketmq, stdout, file',
  })
  .describe('Where the changes are published to; type chooses the kind.');
