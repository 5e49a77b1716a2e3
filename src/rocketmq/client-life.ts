import type { BaseClient } from 'rocketmq-client-nodejs';
import type { Clock } from '../base/clock.ts';
import type { RpcChannels } from './channels.ts';

const GOODBYE_MS = 2000;

/** From the start of one client to its end, after which no timer and no socket of it is left. */
export class ClientLife {
  readonly #clock: Clock;
  readonly #disposed = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The client waits for the proxy's settings without an end: it is rejected when the client is disposed of. */
  async start(client: Pick<BaseClient, 'startup'>): Promise<void> {
    const { signal } = this.#disposed;
    const disposed = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('disposed of while starting')), { once: true });
    });
    await Promise.race([client.startup(), disposed]);
  }

  /** Within 3 s whatever state the client is in. */
  async dispose(client: Pick<BaseClient, 'isRunning' | 'shutdown'>, channels: RpcChannels): Promise<void> {
    if (client.isRunning()) {
      const goodbye = client.shutdown().catch(() => undefined);
      await Promise.race([goodbye, this.sleep(GOODBYE_MS)]);
    }
    channels.close();
    this.#disposed.abort();
    await channels.closed();
    // A startup that was under way may have set its timers meanwhile: no call can succeed any more, so these are the
    // last.
    await client.shutdown().catch(() => undefined);
  }

  /** Ends with the client. */
  sleep(ms: number): Promise<void> {
    return this.#clock.sleep(ms, this.#disposed.signal);
  }
}
