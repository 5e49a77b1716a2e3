/** What is wrong with a command line, and what was most likely meant. */
import { RelayError } from '../base/errors.ts';
import { nearest } from '../config/nearest.ts';
import type { Command } from './command.ts';

export function unknownCommand(word: string, known: readonly string[]): RelayError {
  const near = nearest(word, known);
  return new RelayError('USAGE', `there is no command ${word}${near === undefined ? '' : `: did you mean ${near}?`}`, {
    remedy: 'binlog-relay --help lists the commands.',
  });
}

/** A word where only options are expected: mostly the configuration, without its option. */
export function unknownWord({ name, options }: Command, word: string): RelayError {
  if ('config' in options) {
    return new RelayError('USAGE', `binlog-relay ${name} does not take the word ${word}`, {
      remedy: `If it is the configuration: binlog-relay ${name} --config ${word}`,
    });
  }
  // The word is not repeated: it may be a password.
  return new RelayError('USAGE', `binlog-relay ${name} takes options only, each with its name`, {
    remedy: helpOf(name),
  });
}

/** `thrown` is what node:util says of the command line. */
export function unknownOption({ name, options }: Command, thrown: unknown): RelayError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  // Behind the first sentence it explains how a word may begin with a dash, which no word of ours does.
  const message = text.replace(/\. To specify .*$/s, '');
  const option = /^Unknown option '--?([^']+)'/.exec(message)?.[1];
  if (
    option !== undefined &&
    /^p/.test(option) &&
    'host' in options &&
    nearest(option, ['password', 'p']) !== undefined
  ) {
    return new RelayError('USAGE', `${message}: on a command line every user of the machine could read a password`, {
      remedy: 'Put it into the environment variable MYSQL_PASSWORD, or wait to be asked for it.',
    });
  }
  const near = option === undefined ? undefined : nearest(option, Object.keys(options));
  return new RelayError('USAGE', `${message}${near === undefined ? '' : `: did you mean --${near}?`}`, {
    remedy: helpOf(name),
    cause: thrown,
  });
}

const helpOf = (name: string): string => `binlog-relay ${name} --help shows the options.`;
