/**
 * The reader of the live bench, in a process of its own: notes for each row how long after its commit it arrived.
 *
 * As quick as the client can be: it asks each queue by itself, with two long polls under way per queue, so that the
 * next one waits in the broker while a batch is being acknowledged.
 */
import { topicMessages } from '../../dev/topic-messages.ts';
import { quantile } from '../measure/numbers.ts';
import { programArguments, report } from '../measure/program.ts';

export interface LagReaderArguments {
  readonly endpoint: string;
  readonly topic: string;
  readonly group: string;
  readonly queues: number;
  /** Rows committed before do not count, ms since 1970. */
  readonly fromMs: number;
  /** Ends when it has so many rows. */
  readonly rows: number;
}

/** What is read of a message's body. */
interface Sealed {
  /** When it was committed, and sealed by the relay, ms since 1970. */
  readonly es: number;
  readonly ts: number;
  readonly data: readonly unknown[];
}

export interface LagReaderResult {
  readonly messages: number;
  /** From commit on the server to this process, ms. */
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  /** From sealed in the relay to this process: sending, broker and reader. */
  readonly fromSealedMs: { readonly p50: number; readonly p99: number; readonly p999: number };
}

const POLLS_PER_QUEUE = 2;

const { endpoint, topic, group, queues, fromMs, rows } = programArguments<LagReaderArguments>();
const done = new AbortController();
const lags: number[] = [];
const fromSealed: number[] = [];
let read = 0;
let messages = 0;
const workers = queues * POLLS_PER_QUEUE;
for await (const { body, receivedMs, properties } of topicMessages({
  endpoint,
  topic,
  group,
  workers,
  signal: done.signal,
})) {
  // Statements, marks of copies, progress.
  if (properties.get('rows') === '0') continue;
  const { es, ts, data } = JSON.parse(body.toString()) as Sealed;
  read += data.length;
  messages += 1;
  // One entry a row: the lag of the newest row of the message stands for all of it.
  for (let i = 0; i < data.length && es >= fromMs; i += 1) {
    lags.push(receivedMs - es);
    fromSealed.push(receivedMs - ts);
  }
  if (read >= rows) done.abort();
}
const spread = (values: readonly number[]): LagReaderResult['lagMs'] => ({
  p50: quantile(values, 0.5),
  p99: quantile(values, 0.99),
  p999: quantile(values, 0.999),
});
report({ messages, lagMs: spread(lags), fromSealedMs: spread(fromSealed) } satisfies LagReaderResult);
