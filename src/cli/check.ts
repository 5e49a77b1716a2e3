import { systemClock } from '../base/clock.ts';
import { asRelayError } from '../base/errors.ts';
import { createLogger } from '../base/log.ts';
import { systemRandom } from '../base/randomness.ts';
import type { Checkpoint, CheckpointStore } from '../checkpoint/checkpoint.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { endpointsOf, requireSameIdentity } from '../relay/run/identity.ts';
import { checkFileSink } from '../sink/file-check.ts';
import type { SinkInfo } from '../sink/sink.ts';
import { requireUsableFolder } from '../checkpoint/file-errors.ts';
import { settingsAt } from '../source/connection-options.ts';
import { atFitHost, hostText, HostTurns } from '../source/host-turns.ts';
import { checkCopy } from '../source/copy-check.ts';
import { codeOf, type Finding } from '../source/finding.ts';
import type { Command } from './command.ts';
import { readConfig, warningsOf } from './read-config.ts';
import { Report } from './report.ts';
import { createStore } from './store.ts';
import { createDdlSink, createSink, createSource, published, type Surroundings } from './wire.ts';

export const checkCommand: Command = {
  name: 'check',
  help: `Looks at configuration, order database, sink and checkpoint, and names everything that would stop a run or make the
copy inexact, all at once, each with the SQL, command or key that mends it. Changes nothing, takes no lock: the relay may be running.

Usage: binlog-relay check [--config FILE]

  --config FILE    the configuration (default: config/relay.yaml)

Exit code: 0 when nothing stands in the way of a run (there may be warnings), 78 when the configuration of relay, server or
broker has to change, 1 for anything else.

Examples:
  binlog-relay check
  binlog-relay check --config /etc/binlog-relay/relay.yaml
`,
  options: { config: { type: 'string' } },
  run: async (args) => {
    const config = readConfig(args);
    const report = new Report();
    report.ok('configuration', 'valid');
    for (const warning of warningsOf(args, config)) report.warning('configuration', warning, '');
    const surroundings = {
      clock: systemClock,
      random: systemRandom,
      logger: createLogger({ level: 'error', format: 'auto' }),
    };
    const store = createStore(config, surroundings);
    const stored = await checkpointOf(config, store, report);
    await checkSink(config, surroundings, stored, store.location, report);
    await checkDdlSink(config, surroundings, report);
    await checkSources(config, surroundings, stored, report);
    await checkTablesOfCopies(config, report);
    return report.exitCode;
  },
};

async function checkpointOf(
  { checkpoint }: Config,
  store: CheckpointStore,
  report: Report,
): Promise<Checkpoint | undefined> {
  try {
    const stored = await store.load();
    if (checkpoint.type === 'file') await requireUsableFolder(store.location);
    report.ok(
      'checkpoint',
      stored === undefined ? `none yet in ${store.location}` : `of ${stored.storedAt} in ${store.location}`,
    );
    return stored;
  } catch (error) {
    report.failed('checkpoint', error);
    return undefined;
  }
}

async function checkSink(
  config: Config,
  surroundings: Surroundings,
  stored: Checkpoint | undefined,
  location: string,
  report: Report,
): Promise<void> {
  if (config.sink.type === 'stdout') {
    report.ok('sink', config.sink.type);
    return;
  }
  try {
    const info = await sinkInfo(config.sink, surroundings);
    report.ok('sink', config.sink.type === 'file' ? info.destination : `${info.destination}, ${info.queues} queues`);
    if (stored !== undefined) {
      requireSameIdentity(stored, identityOf(info, config), { newLanes: false }, location);
    }
  } catch (error) {
    report.failed('sink', error);
  }
}

/** Of a file without opening it: that would make it, or cut what the running relay writes. */
async function sinkInfo(config: SinkConfig, surroundings: Surroundings): Promise<SinkInfo> {
  if (config.type === 'file') return checkFileSink(config.path);
  const sink = createSink(config, surroundings);
  try {
    return await sink.open();
  } finally {
    await sink.close();
  }
}

async function checkDdlSink(config: Config, surroundings: Surroundings, report: Report): Promise<void> {
  const sink = createDdlSink(config, surroundings);
  if (sink === undefined) return;
  try {
    report.ok('ddl', (await sink.open()).destination);
  } catch (error) {
    report.failed('ddl', error);
  } finally {
    await sink.close();
  }
}

const identityOf = (
  info: SinkInfo,
  { limits, ordering, publish }: Config,
): Parameters<typeof requireSameIdentity>[1] => ({
  destination: info.destination,
  ...endpointsOf(info),
  queues: info.queues,
  lanes: info.laneNames(limits.lanes),
  ordering,
  messageFormat: publish.format,
});

/** Every host by itself: a run may come to read any of them. */
async function checkSources(
  config: Config,
  surroundings: Surroundings,
  stored: Checkpoint | undefined,
  report: Report,
): Promise<void> {
  const { hosts } = config.source;
  for (const host of hosts) {
    const part = hosts.length === 1 ? 'source' : `source ${hostText(host)}`;
    const source = createSource(config, surroundings, new HostTurns([host]));
    try {
      const findings = await source.findings(stored);
      for (const finding of findings) reportFinding(report, part, finding);
      if (findings.every(({ level }) => level !== 'error')) report.ok(part, await source.checkStart(stored));
    } catch (thrown) {
      const { code, message, remedy } = asRelayError(thrown);
      // While the relay reads another one, a replica is always a little behind.
      if (hosts.length > 1 && code === 'SOURCE_BEHIND') report.warning(part, message, remedy);
      else report.failed(part, thrown);
    } finally {
      await source.close();
    }
  }
}

/** Where tables are read of, if the configuration speaks of copies. */
async function checkTablesOfCopies(config: Config, report: Report): Promise<void> {
  const { source, copy } = config;
  if (copy.source === undefined && source.start !== 'copy') return;
  try {
    const { findings, sentence } = await atFitHost(new HostTurns(source.hosts), (host) =>
      checkCopy({
        settings: settingsAt(source, host),
        replica: copy.source,
        published: published(config),
        clock: systemClock,
      }),
    );
    for (const finding of findings) reportFinding(report, 'copy', finding);
    if (findings.every(({ level }) => level !== 'error')) report.ok('copy', sentence);
  } catch (error) {
    report.failed('copy', error);
  }
}

function reportFinding(report: Report, part: string, finding: Finding): void {
  const { level, message, remedy } = finding;
  if (level === 'warning') report.warning(part, message, remedy);
  else report.error(part, codeOf([finding]), message, remedy);
}
