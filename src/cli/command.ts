import type { ParseArgsConfig } from 'node:util';

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** Everything that `--help` shows, examples included. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** How many words that are no options it takes; default none. */
  readonly words?: number;
  /** Resolves to the exit code. Throws RelayError. */
  run(args: Arguments): Promise<number>;
}

/** What the command line gave, checked against the command's options. */
export interface Arguments {
  /** Words that are no options, without the command's name. */
  readonly words: readonly string[];
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** Every value of an option that may be repeated. */
  texts(name: string): readonly string[];
}
