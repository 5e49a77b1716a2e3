/** The real source and relay in this process, with a broker that takes everything and remembers it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageBody } from './replay.ts';
import { GtidSet } from '../../src/binlog/gtids/gtid-set.ts';
import type { RelayStatus } from '../../src/relay/relay.ts';
import type { Relay } from '../../src/relay/run/run.ts';
import type { OutboundMessage, Sink, SinkInfo } from '../../src/sink/sink.ts';
import { realSourceRelay, type RealSourceRelayOptions } from './real-source-relay.ts';
import { laneNames } from './lane-names.ts';
import { isBeginning } from './relay-states.ts';

export type RecordingOptions = Omit<RealSourceRelayOptions, 'sink'>;

export interface RecordedMessage {
  readonly lane: string;
  readonly body: MessageBody;
  readonly sizeBytes: number;
}

const PATIENCE_MS = 60_000;

export class RecordingRelay {
  /** In the order in which they were sent. */
  readonly messages: RecordedMessage[] = [];
  readonly #relay: Relay;
  readonly #stop = new AbortController();
  readonly #ended: Promise<unknown>;

  private constructor(options: RecordingOptions) {
    this.#relay = realSourceRelay({ ...options, sink: new RecordingSink(this.messages) });
    this.#ended = this.#relay.run(this.#stop.signal).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** Resolves when the relay reads, or has failed. */
  static async start(options: RecordingOptions): Promise<RecordingRelay> {
    const relay = new RecordingRelay(options);
    while (isBeginning(relay.status())) await sleep(5);
    return relay;
  }

  status(): RelayStatus {
    return this.#relay.status();
  }

  /** Waits until all of `gtidSet`, as MySQL prints one, was acknowledged. Throws what ended the relay before. */
  async until(gtidSet: string): Promise<void> {
    const wanted = GtidSet.parse(gtidSet);
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const { state, lowWaterMark } = this.status();
      if (GtidSet.parse(lowWaterMark?.gtidSet ?? '').contains(wanted)) return;
      if (state === 'failed') throw await this.#ended;
      if (performance.now() > deadlineMs)
        throw new Error(`the relay did not get to ${gtidSet} but to ${String(lowWaterMark?.gtidSet)}`);
      await sleep(10);
    }
  }

  /** Resolves with what ended the relay, or with undefined after an orderly stop. */
  stop(): Promise<unknown> {
    this.#stop.abort();
    return this.#ended;
  }

  /** Resolves with what ended the relay by itself. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }
}

class RecordingSink implements Sink {
  readonly #messages: RecordedMessage[];

  constructor(messages: RecordedMessage[]) {
    this.#messages = messages;
  }

  open(): Promise<SinkInfo> {
    return Promise.resolve({ destination: 'memory', queues: 1, laneNames });
  }

  send({ lane, body }: OutboundMessage): Promise<void> {
    this.#messages.push({ lane, body: JSON.parse(body.toString()) as MessageBody, sizeBytes: body.length });
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
