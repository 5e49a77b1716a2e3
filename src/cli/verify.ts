import { readFileSync, writeFileSync } from 'node:fs';
import { createVerifyPages } from '../admin/verify-pages.ts';
import { startSite } from '../admin/server.ts';
import { Ledger, topicInLedger } from '../apply/ledger/ledger.ts';
import { tableChoice } from '../apply/run/table-choice.ts';
import { renamed } from '../apply/tables/renamed.ts';
import { systemClock } from '../base/clock.ts';
import { asRelayError, RelayError } from '../base/errors.ts';
import { createLogger, type Logger } from '../base/log.ts';
import { systemRandom } from '../base/randomness.ts';
import { softDeleteColumn, type ApplyConfig, type VerifyConfig } from '../config/config.ts';
import { loadApplyConfig } from '../config/load.ts';
import { Verifier } from '../verify/run/verifier.ts';
import { Store } from '../verify/run/store.ts';
import type { TableResult } from '../verify/verify.ts';
import { currentToken, type AdminTarget } from './admin-client.ts';
import type { Arguments, Command } from './command.ts';
import { runDaemon } from './daemon.ts';
import { print } from './print.ts';
import { untilSignalled } from './signals.ts';
import { StatusLine } from './status-line.ts';
import { VerifyEnds } from './verify-ends.ts';
import { repair } from './verify-repair.ts';
import { areAllWell, progressText, reportOf, resultsText } from './verify-text.ts';
import { VERSION } from './version.ts';

const DEFAULT_PATH = 'config/apply.yaml';
const LOOK_MS = 1_000;
/** A line in the log is for later, one on a terminal for now. */
const LOOKS_PER_LOG_LINE = 30;

export const verifyCommand: Command = {
  name: 'verify',
  help: `Compares the source with what apply has written, row by row and while both move. See docs/verify.md.

Usage: binlog-relay verify [--config FILE] [--tables GLOB]… [--repair] [--forever] [--restart] [--report FILE] [--show-values]

  --config FILE    the configuration of apply, with a section verify (default: ${DEFAULT_PATH})
  --tables GLOB    only these of the tables of the configuration; may be given several times
  --repair         have the relay publish again what differs, wait until it is written, and look at it again
  --forever        one pass after the other, with health and metrics, until it is stopped (or verify.every)
  --restart        begin anew although a pass was cut off in the middle
  --report FILE    write everything that was found as JSON
  --show-values    show the values of columns that differ: they are rows of the source, for whoever reads the output

Exit codes: 0 all is equal, or was repaired; 1 something differs, or could not be decided; 78 the configuration is wrong.

Examples:
  binlog-relay verify --config /etc/binlog-relay/apply.yaml
  binlog-relay verify --tables 'shop.*' --report /tmp/shop.json
  binlog-relay verify --tables shop.orders --repair
`,
  options: {
    config: { type: 'string' },
    tables: { type: 'string', multiple: true },
    repair: { type: 'boolean' },
    forever: { type: 'boolean' },
    restart: { type: 'boolean' },
    report: { type: 'string' },
    'show-values': { type: 'boolean' },
  },
  run: async (args: Arguments) => {
    const path = args.text('config') ?? DEFAULT_PATH;
    const config = loadApplyConfig(path, { env: process.env, readFile: (file) => readFileSync(file, 'utf8') });
    const { verify } = config;
    if (verify === undefined) throw new RelayError('VERIFY_UNCONFIGURED', `${path} has no section verify`);
    if (args.flag('repair') && verify.relay === undefined) {
      throw new RelayError('USAGE', '--repair needs the address of the relay', {
        remedy: `Set verify.relay in ${path}, such as http://relay:8686.`,
      });
    }
    const isForEver = args.flag('forever') || verify.everyMs !== undefined;
    if (isForEver && args.flag('repair')) {
      throw new RelayError('USAGE', '--repair is for one pass: somebody should know what it mends', {
        remedy: 'Run it beside the one that runs for ever, with --tables.',
      });
    }
    const logger = createLogger(config.log);
    return untilSignalled((stop) => {
      const everyMs = isForEver ? (verify.everyMs ?? 0) : undefined;
      const verifier = createVerifier(config, verify, args, { everyMs, logger, stop });
      return isForEver ? runForEver(verifier, verify, logger, stop) : runOnce(verifier, verify, args, logger, stop);
    });
  },
};

function createVerifier(
  config: ApplyConfig,
  verify: VerifyConfig,
  args: Arguments,
  run: { readonly everyMs: number | undefined; readonly logger: Logger; readonly stop: AbortSignal },
): Verifier {
  const { tables, target, ledger: database } = config;
  const ends = new VerifyEnds(verify.source, target, systemClock, run.stop);
  const ledger = new Ledger(database, config.source);
  const narrowed = args.texts('tables');
  const choice = tableChoice(tables);
  const chosen = tableChoice({ include: narrowed.length === 0 ? ['*.*'] : narrowed, exclude: [] });
  return new Verifier({
    ...verify,
    ends,
    store: new Store(database, topicInLedger(config.source)),
    reached: async () => {
      const complete = await ledger.complete((await ends.target()).session);
      return complete && { ...complete, round: `${complete.epoch}/${complete.round}` };
    },
    includes: (name, table) => choice.includes(name, table) && chosen.includes(name, table),
    choice: JSON.stringify([tables, narrowed, config.deletes]),
    databaseOf: (name) => renamed(tables, name),
    softDelete: softDeleteColumn(config.deletes),
    awaitsMissing: config.create,
    allowsExtra: config.deletes === 'ignore',
    showsValues: args.flag('show-values'),
    restart: args.flag('restart'),
    everyMs: run.everyMs,
    clock: systemClock,
    random: systemRandom,
    logger: run.logger,
  });
}

function runForEver(verifier: Verifier, { admin }: VerifyConfig, logger: Logger, stop: AbortSignal): Promise<number> {
  return runDaemon({
    startAdmin: admin.enabled
      ? () => {
          const pageOf = createVerifyPages({ status: () => verifier.status(), clock: systemClock, version: VERSION });
          return startSite(admin, { pageOf, postedTo: () => undefined }, logger);
        }
      : undefined,
    run: async () => {
      await verifier.run(stop);
    },
    logger,
  });
}

async function runOnce(
  verifier: Verifier,
  verify: VerifyConfig,
  args: Arguments,
  logger: Logger,
  stop: AbortSignal,
): Promise<number> {
  const ended = showProgress(verifier, logger);
  let results: readonly TableResult[];
  try {
    results = await verifier.run(stop);
    if (args.flag('repair') && !stop.aborted) {
      const found = results;
      results = await repair(found, { relay: relayOf(verify), verifier, clock: systemClock, logger, stop }).catch(
        (thrown: unknown) => {
          if (!stop.aborted) print(resultsText(found));
          throw thrown;
        },
      );
    }
  } catch (thrown) {
    if (stop.aborted && asRelayError(thrown).isRetried(true)) return stopped();
    throw thrown;
  } finally {
    ended();
  }
  if (stop.aborted) return stopped();
  print(resultsText(results));
  const report = args.text('report');
  if (report !== undefined)
    writeFileSync(report, `${JSON.stringify(reportOf(results, verifier.status()), undefined, 2)}\n`);
  return areAllWell(results) ? 0 : 1;
}

const relayOf = ({ relay = '', relayToken, relayTokenFile }: VerifyConfig): AdminTarget => ({
  address: relay.replace(/\/$/, ''),
  token: currentToken(relayToken, relayTokenFile, 'verify.relayToken'),
});

function stopped(): number {
  print('stopped; the next verify goes on where it was\n');
  return 1;
}

function showProgress(verifier: Verifier, logger: Logger): () => void {
  const line = process.stderr.isTTY ? new StatusLine() : undefined;
  let looks = 0;
  const stop = systemClock.every(LOOK_MS, () => {
    const { progress } = verifier.status();
    if (progress === undefined) return;
    looks += 1;
    line?.show(progressText(progress));
    if (line === undefined && looks % LOOKS_PER_LOG_LINE === 0) logger.info({ ...progress }, 'comparing a table');
  });
  return () => {
    stop();
    line?.clear();
  };
}
