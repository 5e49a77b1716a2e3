import type { AdminServer } from '../admin/admin.ts';
import { asRelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';

export interface Daemon {
  /** Health and metrics; undefined when they are not wanted. */
  readonly startAdmin: (() => Promise<AdminServer>) | undefined;
  /** Until it is stopped. Throws what ends it. */
  readonly run: () => Promise<void>;
  readonly logger: Logger;
}

/** Runs what works until it is stopped, beside its admin server. The exit code; the log says why it ended. */
export async function runDaemon({ startAdmin, run, logger }: Daemon): Promise<number> {
  let admin: AdminServer | undefined;
  try {
    admin = await startAdmin?.();
    if (admin !== undefined) logger.info({ address: admin.address }, 'health and metrics');
    await run();
    logger.info('stopped');
    return 0;
  } catch (thrown) {
    const error = asRelayError(thrown);
    logger.fatal(
      { code: error.code, remedy: error.remedy, ...error.details, ...(error.code === 'INTERNAL' && { err: error }) },
      error.message,
    );
    return error.definition.exitCode;
  } finally {
    await admin?.close();
  }
}
