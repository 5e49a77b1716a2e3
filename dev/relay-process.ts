/** A relay in a process of its own. */
import { join } from 'node:path';
import { DaemonProcess, spawnDaemon, type DaemonProcessOptions } from './daemon-process.ts';

type Counter =
  | 'sendRetries'
  | 'sourceReconnects'
  | 'changesInserted'
  | 'changesUpdated'
  | 'changesDeleted'
  | 'changesAcknowledged'
  | 'rowsCopied'
  | 'messagesAcknowledged'
  | 'bytesAcknowledged';

/** What `/healthz` shows, as far as the users of this file look. */
export interface Health {
  readonly healthy: boolean;
  readonly state: string;
  readonly standby: { readonly holder: string; readonly since: string } | null;
  readonly epoch: number;
  readonly progress: string;
  readonly heldBytes: number;
  readonly heldBytesLimit: number;
  readonly sourcePaused: boolean;
  readonly lowWaterMark: { readonly gtidSet?: string } | null;
  readonly counters: Readonly<Record<Counter, number>>;
  readonly copies: readonly { readonly id: string; readonly endedAt?: string }[];
  readonly copying: { readonly rows: number } | null;
  readonly parts: Readonly<Record<'source' | 'sink' | 'checkpoint', { readonly ok: boolean; readonly reason: string }>>;
}

export class RelayProcess extends DaemonProcess<Health> {
  /**
   * Resolves as soon as the process runs; see `ready`. The checkpoint is in the folder, too: the next start continues
   * from it.
   */
  static async start({ config, ...options }: DaemonProcessOptions): Promise<RelayProcess> {
    const checkpoint = { path: join(options.folder, 'checkpoint') };
    return new RelayProcess(
      'the relay',
      await spawnDaemon('run', 'relay', { ...options, config: { checkpoint, ...config } }),
    );
  }

  /** Waiting for the relay that is active. */
  standingBy(timeoutMs?: number): Promise<Health> {
    return this.until('standing by', ({ state, parts }) => state === 'standby' && parts.source.ok, timeoutMs);
  }

  /** Code and body of one page, as `503 starting`; undefined while the process does not answer. */
  async page(path: string): Promise<string | undefined> {
    const address = await this.address();
    if (address === undefined) return undefined;
    const response = await fetch(`${address}${path}`);
    return `${response.status} ${await response.text()}`;
  }

  /** Reading the binlog. */
  ready(timeoutMs?: number): Promise<Health> {
    return this.until('ready', ({ state, parts }) => state !== 'standby' && parts.source.ok, timeoutMs);
  }
}
