import { asRelayError } from '../base/errors.ts';
import { startAdmin } from '../admin/server.ts';
import type { AdminServer } from '../admin/admin.ts';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/randomness.ts';
import { createLogger, type Logger } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { redacted } from '../config/describe.ts';
import type { Relay } from '../relay/run.ts';
import type { Arguments, Command } from './command.ts';
import { showProgress } from './progress.ts';
import { readConfig, warningsOf } from './read-config.ts';
import { untilSignalled } from './signals.ts';
import { StatusLine } from './status-line.ts';
import { VERSION } from './version.ts';
import { createRelay } from './wire.ts';

export const runCommand: Command = {
  name: 'run',
  summary: 'read the binlog and publish its changes, until stopped',
  help: `Reads the binlog of the configured server from the checkpoint on and publishes its changes.

Usage: binlog-relay run [--config FILE] [--accept-new-lanes]

  --config FILE         the configuration (default: config/relay.yaml)
  --accept-new-lanes    start although queues, lanes or ordering differ from the checkpoint's: only when all readers
                        have drained the topic, since rows move to other queues

SIGINT or SIGTERM stops it: what is held is delivered first, for at most limits.stopTimeout. A second signal exits at once.

Examples:
  binlog-relay run --config /etc/binlog-relay/relay.yaml
  MYSQL_PASSWORD=secret binlog-relay run
`,
  options: { config: { type: 'string' }, 'accept-new-lanes': { type: 'boolean' } },
  run: async (args: Arguments) => {
    const config = readConfig(args);
    const line = process.stderr.isTTY ? new StatusLine() : undefined;
    const logger = createLogger(config.log, () => line?.clear());
    for (const warning of warningsOf(args, config)) logger.warn({ warning }, 'look at the configuration');
    logger.info({ config: redacted(config) }, 'configuration');
    return untilSignalled((stop) => relayUntil(stop, config, args.flag('accept-new-lanes'), { logger, line }));
  },
};

async function relayUntil(
  stop: AbortSignal,
  config: Config,
  acceptNewLanes: boolean,
  { logger, line }: { readonly logger: Logger; readonly line: StatusLine | undefined },
): Promise<number> {
  const relay = createRelay(config, { acceptNewLanes, clock: systemClock, random: systemRandom, logger });
  const endProgress = showProgress({ status: () => relay.status(), clock: systemClock, logger, line });
  let admin: AdminServer | undefined;
  try {
    admin = config.admin.enabled ? await startAdminFor(relay, config, logger) : undefined;
    await relay.run(stop);
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
    endProgress();
    await admin?.close();
  }
}

async function startAdminFor(relay: Relay, { admin }: Config, logger: Logger): Promise<AdminServer> {
  const server = await startAdmin(admin, {
    status: () => relay.status(),
    version: VERSION,
    logger,
    clock: systemClock,
  });
  logger.info({ address: server.address }, 'health and metrics');
  return server;
}
