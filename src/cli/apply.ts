import { readFileSync } from 'node:fs';
import { startSite } from '../admin/server.ts';
import { createApplyPages } from '../admin/apply-pages.ts';
import type { AdminServer } from '../admin/admin.ts';
import { Applier } from '../apply/run/applier.ts';
import { openSession } from '../apply/target/session.ts';
import { systemClock } from '../base/clock.ts';
import { createLogger, type Logger } from '../base/log.ts';
import { systemRandom } from '../base/randomness.ts';
import type { ApplyConfig } from '../config/config.ts';
import { redacted } from '../config/describe.ts';
import { loadApplyConfig } from '../config/load.ts';
import { openTopic } from '../topic/reader.ts';
import { checkApply } from './check-apply.ts';
import type { Arguments, Command } from './command.ts';
import { runDaemon } from './daemon.ts';
import { untilSignalled } from './signals.ts';
import { VERSION } from './version.ts';

const DEFAULT_PATH = 'config/apply.yaml';

export const applyCommand: Command = {
  name: 'apply',
  help: `Writes the topic of a relay into a MySQL or MariaDB, exactly once in effect.

Usage: binlog-relay apply [--config FILE] [--check] [--from-here] [--accept-new-stream] [--statement-done ID]

  --config FILE         the configuration (default: ${DEFAULT_PATH})
  --check               look at configuration, topic, group, ledger, rights and tables, and change nothing
  --from-here           begin where the topic begins by now, though messages before that are gone: the tables are to be
                        copied (binlog-relay copy on the relay's side), and are not exact before
  --accept-new-stream   go on although the relay was set up again: all its tables are to be copied
  --statement-done ID   what the statement with this id changes was run in the target by hand: go on behind it

SIGINT or SIGTERM stops it: transactions under way are ended. A second signal exits at once; nothing is lost by that either.

Examples:
  binlog-relay apply --check
  MYSQL_PASSWORD=secret binlog-relay apply --config /etc/binlog-relay/apply.yaml
`,
  options: {
    config: { type: 'string' },
    check: { type: 'boolean' },
    'from-here': { type: 'boolean' },
    'accept-new-stream': { type: 'boolean' },
    'statement-done': { type: 'string' },
  },
  run: async (args: Arguments) => {
    const path = args.text('config') ?? DEFAULT_PATH;
    const config = loadApplyConfig(path, { env: process.env, readFile: (file) => readFileSync(file, 'utf8') });
    if (args.flag('check')) return checkApply(config);
    const logger = createLogger(config.log);
    logger.info({ config: redacted(config) }, 'configuration');
    return untilSignalled((stop) => applyUntil(stop, config, args, logger));
  },
};

function applyUntil(stop: AbortSignal, config: ApplyConfig, args: Arguments, logger: Logger): Promise<number> {
  const surroundings = { clock: systemClock, random: systemRandom, logger };
  const applier = new Applier({
    config,
    fromHere: args.flag('from-here'),
    acceptNew: args.flag('accept-new-stream'),
    statementDone: args.text('statement-done'),
    openTopic: (onEvent) => openTopic(config.source, { ...surroundings, onEvent }),
    openSession: (closing) => openSession(config.target, systemClock, closing),
    ...surroundings,
  });
  return runDaemon({
    startAdmin: config.admin.enabled ? () => startPages(applier, config, logger) : undefined,
    run: () => applier.run(stop),
    logger,
  });
}

function startPages(applier: Applier, { admin }: ApplyConfig, logger: Logger): Promise<AdminServer> {
  const pageOf = createApplyPages({ status: () => applier.status(), clock: systemClock, version: VERSION });
  return startSite(admin, { pageOf, postedTo: () => undefined }, logger);
}
