import { parseArgs } from 'node:util';
import { asRelayError, RelayError } from '../base/errors.ts';
import type { Arguments, Command } from './command.ts';
import { print } from './print.ts';
import { unknownCommand, unknownOption, unknownWord } from './usage-errors.ts';
import { VERSION } from './version.ts';

interface Entry {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/**
 * Loaded when asked for: tail needs neither a broker's client nor a configuration, and the list of commands nothing at
 * all.
 */
const COMMANDS: readonly Entry[] = [
  {
    name: 'run',
    summary: 'read the binlog and publish its changes, until stopped',
    load: async () => (await import('./run.ts')).runCommand,
  },
  {
    name: 'check',
    summary: 'find everything that would stop a run or make the copy inexact',
    load: async () => (await import('./check.ts')).checkCommand,
  },
  {
    name: 'tail',
    summary: 'show the changes of a server in the terminal, without broker, file or configuration',
    load: async () => (await import('./tail.ts')).tailCommand,
  },
  {
    name: 'checkpoint',
    summary: 'show how far the relay has come, or carry that to another place',
    load: async () => (await import('./checkpoint.ts')).checkpointCommand,
  },
  {
    name: 'acknowledge',
    summary: 'list what the running relay wants an operator to know, and say that it was seen to',
    load: async () => (await import('./acknowledge.ts')).acknowledgeCommand,
  },
  {
    name: 'copy',
    summary: 'publish the rows that tables have by now, beside the stream of the running relay',
    load: async () => (await import('./copy.ts')).copyCommand,
  },
  {
    name: 'apply',
    summary: 'write the topic of a relay into a MySQL or MariaDB, exactly once in effect',
    load: async () => (await import('./apply.ts')).applyCommand,
  },
  {
    name: 'verify',
    summary: 'compare the source with what apply has written, while both move, and mend what differs',
    load: async () => (await import('./verify.ts')).verifyCommand,
  },
  {
    name: 'flink-ddl',
    summary: 'print published tables as CREATE TABLE of Flink SQL, for integrations/flink',
    load: async () => (await import('./flink-ddl.ts')).flinkDdlCommand,
  },
];

const HELP = `binlog-relay publishes every insert, update and delete of a MySQL or MariaDB server, exactly and in order, to a RocketMQ topic.

Usage: binlog-relay <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  binlog-relay <command> --help     options and examples of a command
  binlog-relay --version

Exit codes: 0 stopped on request, 78 the configuration is wrong, 1 anything else that needs an operator.
`;

/** Resolves to the exit code; every error has been shown by then. */
export async function main(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  if (first === 'help' && rest[0] !== undefined) return main([rest[0], '--help']);
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    print(HELP);
    return first === undefined ? USAGE_EXIT_CODE : 0;
  }
  if (first === '--version' || first === '-v') {
    print(`${VERSION}\n`);
    return 0;
  }
  try {
    const entry = COMMANDS.find(({ name }) => name === first);
    if (entry === undefined) {
      throw unknownCommand(
        first,
        COMMANDS.map(({ name }) => name),
      );
    }
    const command = await entry.load();
    if (rest.includes('--help') || rest.includes('-h')) {
      print(command.help);
      return 0;
    }
    return await command.run(parse(command, rest));
  } catch (thrown) {
    return showError(asRelayError(thrown));
  }
}

/** What a wrong command line exits with: it is configuration as well. */
const USAGE_EXIT_CODE = 78;

/** Shows an error as an operator reads it: code, what is wrong, what to do. */
function showError(error: RelayError): number {
  process.stderr.write(`${error.code}: ${error.message}\n`);
  if (error.remedy !== '') process.stderr.write(`What to do: ${error.remedy}\n`);
  if (error.code === 'INTERNAL')
    process.stderr.write(`${error.stack ?? ''}\n${error.cause instanceof Error ? (error.cause.stack ?? '') : ''}\n`);
  return error.definition.exitCode;
}

function parse(command: Command, argv: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: command.options,
      allowPositionals: true,
      strict: true,
    });
    const word = positionals[command.words ?? 0];
    if (word !== undefined) throw unknownWord(command, word);
    const texts = (name: string): readonly string[] => {
      const value = values[name];
      const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
      return list.filter((item) => typeof item === 'string');
    };
    return {
      words: positionals,
      texts,
      text: (name) => texts(name).at(-1),
      flag: (name) => values[name] === true,
    };
  } catch (error) {
    throw error instanceof RelayError ? error : unknownOption(command, error);
  }
}
