import { propertiesOf } from '../../../src/format/envelope.ts';
import type { TopicMessage } from '../../../src/topic/topic.ts';

export interface MessageParts {
  readonly lane?: string;
  readonly stream?: string;
  readonly epoch?: number;
  readonly sequence?: number;
  readonly offset?: bigint;
  readonly tag?: string;
  /** Added to the properties; undefined takes one away. */
  readonly properties?: Readonly<Record<string, string | undefined>>;
  readonly body?: Buffer | Readonly<Record<string, unknown>>;
}

/** A row of `shop.orders` as the relay writes it. */
export const insertBody = (id: number, sequence = 1): Readonly<Record<string, unknown>> => ({
  type: 'INSERT',
  database: 'shop',
  table: 'orders',
  pkNames: ['id'],
  isDdl: false,
  sql: '',
  mysqlType: { id: 'int' },
  sqlType: { id: 4 },
  source: '3e11fa47-71ca-11e1-9e33-c80aa9429562',
  data: [{ id: String(id) }],
  old: null,
  changes: [`${id}#0`],
  gtid: `3e11fa47-71ca-11e1-9e33-c80aa9429562:${id}`,
  es: 1795427500000,
  ts: 1795427500012,
  id: sequence,
});

/** A message as a reader of the topic gets it; by default the first of its lane, with one row. */
export function topicMessage(parts: MessageParts = {}): TopicMessage {
  const {
    lane = 'lane-3',
    stream = 's1',
    epoch = 1,
    sequence = 1,
    offset = BigInt(sequence),
    tag = 'shop.orders',
  } = parts;
  const body = parts.body ?? insertBody(sequence, sequence);
  const properties = propertiesOf({
    format: 'canal-json',
    database: 'shop',
    table: 'orders',
    kind: 'INSERT',
    rows: 1,
    firstChange: 'a',
    lastChange: 'a',
    stream,
    epoch,
    sequence,
    resume: sequence === 1 ? 'binlog.000001:4' : undefined,
    marks: [],
  });
  for (const [name, value] of Object.entries(parts.properties ?? {})) {
    if (value === undefined) properties.delete(name);
    else properties.set(name, value);
  }
  return {
    topic: 'order-binlog',
    lane,
    tag,
    keys: [],
    properties,
    body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
    broker: 'broker-a',
    queue: 3,
    offset,
    attempt: 1,
  };
}
