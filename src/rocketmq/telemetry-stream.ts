import { EventEmitter } from 'node:events';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type servicePb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';
import type { Clock } from '../base/clock.ts';

type Command = servicePb.TelemetryCommand;
export type TelemetryCall = ClientDuplexStream<Command, Command>;

export interface TelemetryDeps {
  /** Opens one call; throws when the channel is closed. */
  readonly connect: () => TelemetryCall;
  /** What a new call has to say first. */
  readonly settings: () => Command;
  readonly clock: Clock;
}

const RENEW_AFTER_MS = 1000;

/**
 * The telemetry stream as the client's TelemetrySession uses it (`on`, `once`, `write`, `end`, `removeAllListeners`),
 * over calls that come and go.
 *
 * Given a bare call, that session renews it from a timer that nothing stops, and leaves it without an `error` listener
 * when it is released: after a shutdown the timer throws into the process, or the next broken connection does. So the
 * renewing is done here, where it can be ended, and the session never hears of `error` or `end`.
 */
export class TelemetryStream extends EventEmitter {
  readonly #deps: TelemetryDeps;
  readonly #closed = new AbortController();
  #call: TelemetryCall | undefined;

  constructor(deps: TelemetryDeps) {
    super();
    this.#deps = deps;
    this.#connect();
  }

  /**
   * What is written while no call is open is dropped: a new call starts with the settings, and nothing else is ever
   * said.
   */
  write(command: Command): boolean {
    return this.#call?.write(command) ?? false;
  }

  /** Says goodbye; the server ends the call. */
  end(): void {
    this.#closed.abort();
    this.#call?.end();
  }

  cancel(): void {
    this.#closed.abort();
    this.#call?.cancel();
  }

  #connect(): void {
    const call = this.#deps.connect();
    this.#call = call;
    call.on('data', (command: Command) => this.emit('data', command));
    call.on('error', () => {
      this.#lost(call);
    });
    call.on('end', () => {
      this.#lost(call);
    });
  }

  /** An end and an error of the same call renew it once. */
  #lost(call: TelemetryCall): void {
    if (this.#call !== call) return;
    this.#call = undefined;
    if (!this.#closed.signal.aborted) void this.#renew();
  }

  async #renew(): Promise<void> {
    await this.#deps.clock.sleep(RENEW_AFTER_MS, this.#closed.signal);
    if (this.#closed.signal.aborted) return;
    this.#connect();
    this.write(this.#deps.settings());
  }
}
