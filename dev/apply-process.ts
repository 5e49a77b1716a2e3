/** `binlog-relay apply` in a process of its own. */
import type { ApplyHealth } from '../src/admin/apply-pages.ts';
import { DaemonProcess, spawnDaemon, type DaemonProcessOptions } from './daemon-process.ts';

/** It has begun, and has not ended. */
export const isReading = ({ state }: ApplyHealth): boolean =>
  state === 'live' || state === 'catching-up' || state === 'blocked' || state === 'connecting';

export class ApplyProcess extends DaemonProcess<ApplyHealth> {
  /** Resolves as soon as the process runs. */
  static async start(options: DaemonProcessOptions): Promise<ApplyProcess> {
    return new ApplyProcess('apply', await spawnDaemon('apply', 'apply', options));
  }

  override until(
    what: string,
    wanted: (health: ApplyHealth) => boolean,
    timeoutMs = 60_000,
    intervalMs?: number,
  ): Promise<ApplyHealth> {
    return super.until(what, wanted, timeoutMs, intervalMs);
  }
}
