import { tmpdir } from 'node:os';
import { systemClock } from '../base/clock.ts';
import { asRelayError, RelayError } from '../base/errors.ts';
import { systemRandom } from '../base/randomness.ts';
import { createLogger } from '../base/log.ts';
import { createMemoryCheckpointStore } from '../checkpoint/memory.ts';
import { tableFilter, type TableFilter } from '../change/table-filter.ts';
import { canalJson } from '../format/canal-json.ts';
import { Relay } from '../relay/run/run.ts';
import { createSpillFile } from '../relay/kept/spill-file.ts';
import { MysqlSource } from '../source/mysql-source.ts';
import type { Arguments, Command } from './command.ts';
import { askPassword } from './ask-password.ts';
import { untilSignalled } from './signals.ts';
import { createTailSink } from './tail-sink.ts';

export const tailCommand: Command = {
  name: 'tail',
  help: `Shows the changes of a server as they are committed. Keeps nothing, sends nothing.

Usage: binlog-relay tail --host HOST --user USER [options]

  --host HOST, --port PORT      the server (default port 3306)
  --user USER                   needs REPLICATION SLAVE and REPLICATION CLIENT; of MariaDB REPLICATION SLAVE,
                                BINLOG MONITOR and SLAVE MONITOR
  --tables PATTERN              only these tables, db.table with * and ?; may be repeated (default: all)
  --exclude PATTERN             not these tables; may be repeated
  --from earliest               from the oldest binlog that the server has, instead of from now on
  --tls MODE                    preferred (default), required, verify-ca, verify-identity or disabled
  --json                        one message a line in the form that is published, instead of one change a line

The password is read from the environment variable MYSQL_PASSWORD, or asked for.

Examples:
  binlog-relay tail --host 127.0.0.1 --user relay
  MYSQL_PASSWORD=secret binlog-relay tail --host db --user relay --tables 'shop.*' --json | jq .data
`,
  options: {
    host: { type: 'string' },
    port: { type: 'string' },
    user: { type: 'string' },
    tables: { type: 'string', multiple: true },
    exclude: { type: 'string', multiple: true },
    from: { type: 'string' },
    tls: { type: 'string' },
    json: { type: 'boolean' },
  },
  run: async (args) => {
    const settings = readSettings(args);
    const filter = filterOf(settings);
    const password = process.env['MYSQL_PASSWORD'] ?? (await askPassword(settings.user));
    const logger = createLogger({ level: 'warn', format: 'auto' });
    const relay = new Relay({
      source: new MysqlSource(
        {
          ...settings,
          hosts: [settings],
          password,
          serverId: undefined,
          heartbeatMs: 10_000,
          connectTimeoutMs: 10_000,
          section: 'source',
        },
        { clock: systemClock, logger, published: filter },
      ),
      sink: createTailSink(process.stdout, args.flag('json')),
      store: createMemoryCheckpointStore(),
      format: canalJson,
      ddl: 'warn',
      ddlSink: undefined,
      skip: undefined,
      filter,
      ordering: 'total',
      lanes: 1,
      messageKeys: 'none',
      heldBytes: 16 << 20,
      messageBytes: 256 << 10,
      createSpillFile: () => createSpillFile(tmpdir()),
      stopTimeoutMs: 1_000,
      checkpointIntervalMs: 1_000,
      acceptNewLanes: false,
      clock: systemClock,
      random: systemRandom,
      logger,
    });
    try {
      await untilSignalled((stop) => relay.run(stop));
    } catch (error) {
      // `tail … | head`: whoever read it has seen enough.
      if (!(error instanceof RelayError) || error.code !== 'SINK_CLOSED') throw error;
    }
    return 0;
  },
};

const TLS_MODES = ['preferred', 'required', 'verify-ca', 'verify-identity', 'disabled'] as const;

interface Settings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly tls: { readonly mode: (typeof TLS_MODES)[number] };
  readonly start: 'latest' | 'earliest';
  readonly tables: readonly string[];
  readonly exclude: readonly string[];
}

function readSettings(args: Arguments): Settings {
  const port = Number(args.text('port') ?? '3306');
  const mode = TLS_MODES.find((known) => known === (args.text('tls') ?? 'preferred'));
  const from = args.text('from') ?? 'latest';
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw usage('--port', 'a number from 1 to 65535');
  if (mode === undefined) throw usage('--tls', TLS_MODES.join(', '));
  if (from !== 'latest' && from !== 'earliest') throw usage('--from', 'latest or earliest');
  const tables = args.texts('tables');
  return {
    host: required(args, 'host'),
    port,
    user: required(args, 'user'),
    tls: { mode },
    start: from,
    tables: tables.length === 0 ? ['*.*'] : tables,
    exclude: args.texts('exclude'),
  };
}

function filterOf({ tables, exclude }: Settings): TableFilter {
  try {
    return tableFilter({ include: tables, exclude, excludeColumns: [] });
  } catch (error) {
    throw new RelayError('USAGE', asRelayError(error).message, {
      remedy: "A pattern is database.table, in quotes: --tables 'shop.*'",
    });
  }
}

function required(args: Arguments, name: string): string {
  const value = args.text(name);
  if (value === undefined)
    throw new RelayError('USAGE', `--${name} is missing`, { remedy: 'binlog-relay tail --help shows the options.' });
  return value;
}

const usage = (option: string, allowed: string): RelayError =>
  new RelayError('USAGE', `${option}: allowed is ${allowed}`, {
    remedy: 'binlog-relay tail --help shows the options.',
  });
