import type { BrokerProducer } from '../../../src/sink/rocketmq-client.ts';
import type { TopicProbe } from '../../../src/rocketmq/topic-probe.ts';
import type { OutboundMessage } from '../../../src/sink/sink.ts';

export const HEALTHY: TopicProbe = {
  queues: 8,
  writableQueues: 8,
  readableQueues: 8,
  types: ['FIFO'],
  brokers: ['broker-a'],
  addresses: ['proxy:8081'],
};

/** Of all producers: one takes over where another was. */
let offsets = 0;

/** A producer whose behaviour is set by its fields. */
export class FakeProducer implements BrokerProducer {
  onProbe: () => Promise<TopicProbe> = () => Promise.resolve(HEALTHY);
  onStart: () => Promise<void> = () => Promise.resolve();
  /** May resolve to an offset; otherwise offsets rise. */
  onPublish: (message: OutboundMessage) => Promise<number | undefined> = () => Promise.resolve(undefined);
  maxMessageBytes: number | undefined;
  published = 0;
  disposed = 0;

  probe(): Promise<TopicProbe> {
    return this.onProbe();
  }

  start(): Promise<void> {
    return this.onStart();
  }

  async publish(message: OutboundMessage): Promise<number> {
    this.published += 1;
    return (await this.onPublish(message)) ?? (offsets += 1);
  }

  dispose(): Promise<void> {
    this.disposed += 1;
    return Promise.resolve();
  }
}
