import { pino } from 'pino';
import { systemClock } from '../../../src/base/clock.ts';
import { createRocketmqSink } from '../../../src/sink/rocketmq.ts';
import { topicMessage, type MessageParts } from './messages.ts';

/** Publishes what a relay might to a real topic. */
export class Publisher {
  readonly #sink: ReturnType<typeof createRocketmqSink>;

  private constructor(sink: ReturnType<typeof createRocketmqSink>) {
    this.#sink = sink;
  }

  static async open(endpoint: string, topic: string): Promise<Publisher> {
    const sink = createRocketmqSink(
      { endpoint, topic, namespace: '', tls: { enabled: false }, sendTimeoutMs: 3000 },
      { clock: systemClock, logger: pino({ level: 'silent' }) },
    );
    await sink.open();
    return new Publisher(sink);
  }

  async send(parts: MessageParts): Promise<void> {
    const { lane, tag, keys, properties, body } = topicMessage(parts);
    await this.#sink.send({ lane, tag, keys, properties, body });
  }

  /** Numbers `first` to `last` on each lane, the lanes at the same time. */
  async sendAll(lanes: readonly string[], first: number, last: number): Promise<void> {
    await Promise.all(
      lanes.map(async (lane) => {
        for (let sequence = first; sequence <= last; sequence += 1) await this.send({ lane, sequence });
      }),
    );
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}
