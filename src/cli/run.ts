import { RelayError } from '../base/errors.ts';
import { startAdmin } from '../admin/server.ts';
import type { AdminServer } from '../admin/admin.ts';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/randomness.ts';
import { createLogger, type Logger } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { redacted } from '../config/describe.ts';
import type { RelayOptions } from '../relay/run/relay-options.ts';
import { parseSkip } from '../relay/intake/skip.ts';
import type { Arguments, Command } from './command.ts';
import { runDaemon } from './daemon.ts';
import { showProgress } from './progress.ts';
import { readConfig, standingBy, warningsOf } from './read-config.ts';
import { untilSignalled } from './signals.ts';
import { StatusLine } from './status-line.ts';
import { VERSION } from './version.ts';
import { createRunning } from './wire.ts';

export const runCommand: Command = {
  name: 'run',
  help: `Reads the binlog of the configured server from the checkpoint on and publishes its changes.

Usage: binlog-relay run [--config FILE] [--accept-new-lanes] [--accept-new-endpoint] [--accept-new-format]
                        [--skip TRANSACTION] [--standby]

  --config FILE         the configuration (default: config/relay.yaml)
  --accept-new-lanes    start although queues, lanes or ordering differ from the checkpoint's: only when all readers
                        have drained the topic, since rows move to other queues
  --accept-new-endpoint
                        start although sink.endpoint differs from the checkpoint's: only when it is the same cluster,
                        which has all messages so far, under another address
  --accept-new-format   start although publish.format differs from the checkpoint's: only when all readers have drained
                        the topic, and know the new format
  --skip TRANSACTION    pass exactly this one without publishing it, when the relay has stopped at it: the GTID, or
                        file:position, that the error names. Copies then lack its changes.
  --standby             as ha: standby in the configuration: while another relay of it is active this one waits, and
                        takes over when that one is gone

SIGINT or SIGTERM stops it: what is held is delivered first, for at most limits.stopTimeout. A second signal exits at once.

Examples:
  binlog-relay run --config /etc/binlog-relay/relay.yaml
  MYSQL_PASSWORD=secret binlog-relay run
  binlog-relay run --skip 3e11fa47-71ca-11e1-9e33-c80aa9429562:23
`,
  options: {
    config: { type: 'string' },
    'accept-new-lanes': { type: 'boolean' },
    'accept-new-endpoint': { type: 'boolean' },
    'accept-new-format': { type: 'boolean' },
    skip: { type: 'string', multiple: true },
    standby: { type: 'boolean' },
  },
  run: async (args: Arguments) => {
    const asked = {
      acceptNewLanes: args.flag('accept-new-lanes'),
      acceptNewEndpoint: args.flag('accept-new-endpoint'),
      acceptNewFormat: args.flag('accept-new-format'),
      skip: skipOf(args),
    };
    const written = readConfig(args);
    const config = args.flag('standby') ? standingBy(written) : written;
    const line = process.stderr.isTTY ? new StatusLine() : undefined;
    const logger = createLogger(config.log, () => line?.clear());
    for (const warning of warningsOf(args, config)) logger.warn({ warning }, 'look at the configuration');
    logger.info({ config: redacted(config) }, 'configuration');
    return untilSignalled((stop) => relayUntil(stop, config, asked, { logger, line }));
  },
};

function skipOf(args: Arguments): string | undefined {
  const [transaction, ...more] = args.texts('skip');
  if (more.length > 0) {
    throw new RelayError('USAGE', '--skip is given more than once', {
      remedy: 'Pass one transaction, see that the relay goes on, and only then decide about the next.',
    });
  }
  return transaction === undefined ? undefined : parseSkip(transaction);
}

async function relayUntil(
  stop: AbortSignal,
  config: Config,
  asked: Pick<RelayOptions, 'acceptNewLanes' | 'acceptNewEndpoint' | 'acceptNewFormat' | 'skip'>,
  { logger, line }: { readonly logger: Logger; readonly line: StatusLine | undefined },
): Promise<number> {
  const relay = createRunning(config, { clock: systemClock, random: systemRandom, logger }, asked);
  const endProgress = showProgress({ status: () => relay.status(), clock: systemClock, logger, line });
  try {
    return await runDaemon({
      startAdmin: config.admin.enabled ? () => startAdminFor(relay, config, logger) : undefined,
      run: () => relay.run(stop),
      logger,
    });
  } finally {
    endProgress();
  }
}

function startAdminFor(
  relay: ReturnType<typeof createRunning>,
  { admin }: Config,
  logger: Logger,
): Promise<AdminServer> {
  return startAdmin(admin, {
    status: () => relay.status(),
    acknowledge: (ids) => relay.acknowledge(ids),
    copy: (request) => relay.copy(request),
    version: VERSION,
    logger,
    clock: systemClock,
  });
}
