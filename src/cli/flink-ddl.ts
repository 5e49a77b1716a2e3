import { systemClock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import { tableFilter } from '../change/table-filter.ts';
import type { Config } from '../config/config.ts';
import { flinkTable, type FlinkTableOptions } from '../format/flink-table.ts';
import { settingsAt } from '../source/connection-options.ts';
import { openControlSession } from '../source/control-session.ts';
import { atFitHost, HostTurns } from '../source/host-turns.ts';
import { readDefinition } from '../source/copy/definition.ts';
import type { TableName } from '../source/source.ts';
import type { Arguments, Command } from './command.ts';
import { print } from './print.ts';
import { readConfig } from './read-config.ts';

export const flinkDdlCommand: Command = {
  name: 'flink-ddl',
  help: `Prints CREATE TABLE statements of Flink SQL for published tables, in types that every value of MySQL fits into, for the
connector of integrations/flink, in the format that the relay publishes. Reads the definitions from the order database; the account of the relay needs SELECT on the tables.

Usage: binlog-relay flink-ddl TABLE… [--config FILE] [options]

  TABLE                   database.table
  --name-server ADDRESS   host:port of RocketMQ's name server as Flink reaches it (default: name-server:9876, to be replaced)
  --group NAME            the consumer group (default: flink)
  --zero-dates            dates and times as texts, for tables that hold zero or partial dates, which Flink has no value for
  --config FILE           the configuration of the relay (default: config/relay.yaml)

Examples:
  binlog-relay flink-ddl shop.orders shop.order_items --name-server rocketmq.example:9876
  binlog-relay flink-ddl shop.orders --zero-dates
`,
  options: {
    config: { type: 'string' },
    'name-server': { type: 'string' },
    group: { type: 'string' },
    'zero-dates': { type: 'boolean' },
  },
  words: Infinity,
  run: async (args) => {
    const names = args.words.map(tableName);
    if (names.length === 0) {
      throw new RelayError('USAGE', 'no table is named', { remedy: 'Name one: binlog-relay flink-ddl shop.orders' });
    }
    const config = readConfig(args);
    const settings = settingsOf(config, args);
    const published = tableFilter(config.tables);
    const session = await atFitHost(new HostTurns(config.source.hosts), (host) =>
      openControlSession(settingsAt(config.source, host), systemClock, () => undefined, new AbortController().signal),
    );
    try {
      // Names and labels may be in any script.
      await session.query('SET SESSION character_set_results = utf8mb4');
      const statements: string[] = [];
      for (const name of names) {
        if (!published.includes(name.database, name.table))
          throw missing(name, 'is not published', 'See tables.include.');
        const definition = await readDefinition(session, session.version, name.database, name.table);
        if (definition === undefined)
          throw missing(name, 'does not exist', 'Names are written as the database has them, database.table.');
        const excludes = (column: string): boolean => published.excludesColumn(name.database, name.table, column);
        statements.push(flinkTable(definition.table, { ...settings, excludes }));
      }
      print(statements.join('\n'));
    } finally {
      await session.close();
    }
    return 0;
  },
};

function settingsOf({ sink, publish }: Config, args: Arguments): Omit<FlinkTableOptions, 'excludes'> {
  if (sink.type !== 'rocketmq') {
    throw new RelayError('USAGE', `the relay of this configuration has no topic: its sink is ${sink.type}`, {
      remedy: 'Name the configuration of a relay that publishes to RocketMQ: --config FILE',
    });
  }
  return {
    topic: sink.topic,
    nameServer: args.text('name-server') ?? 'name-server:9876',
    group: args.text('group') ?? 'flink',
    zeroDates: args.flag('zero-dates'),
    format: publish.format,
    binary: publish.binary,
    timeZone: publish.timeZone,
  };
}

function tableName(word: string): TableName {
  const [, database, table] = /^([^.]+)\.(.+)$/s.exec(word) ?? [];
  if (database !== undefined && table !== undefined) return { database, table };
  throw new RelayError('USAGE', `${word} is no table`, { remedy: 'Write database.table: shop.orders' });
}

function missing({ database, table }: TableName, what: string, remedy: string): RelayError {
  return new RelayError('USAGE', `the table ${database}.${table} ${what}`, { remedy });
}
