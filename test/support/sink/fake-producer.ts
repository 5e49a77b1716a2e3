import type { BrokerProducer } from '../../../src/sink/rocketmq-client.ts';
import type { TopicProbe } from '../../../src/sink/rocketmq-probe.ts';
import type { OutboundMessage } from '../../../src/sink/sink.ts';

export const HEALTHY: TopicProbe = {
  queues: 8,
  writableQueues: 8,
  types: ['FIFO'],
  brokers: ['broker-a'],
  addresses: ['proxy:8081'],
};

/** A producer whose behaviour is set by its fields. */
export class FakeProducer implements BrokerProducer {
  onProbe: () => Promise<TopicProbe> = () => Promise.resolve(HEALTHY);
  onStart: () => Promise<void> = () => Promise.resolve();
  onPublish: (message: OutboundMessage) => Promise<void> = () => Promise.resolve();
  maxMessageBytes: number | undefined;
  published = 0;
  disposed = 0;

  probe(): Promise<TopicProbe> {
    return this.onProbe();
  }

  start(): Promise<void> {
    return this.onStart();
  }

  publish(message: OutboundMessage): Promise<void> {
    this.published += 1;
    return this.onPublish(message);
  }

  dispose(): Promise<void> {
    this.disposed += 1;
    return Promise.resolve();
  }
}
