import { asRelayError } from '../base/errors.ts';
import type { Code } from '../base/error-codes.ts';
import { print } from './print.ts';

/** Writes what a check has found, line by line, and remembers how bad it is. */
export class Report {
  exitCode: 0 | 1 | 78 = 0;

  ok(part: string, text: string): void {
    write('ok', part, text);
  }

  warning(part: string, text: string, remedy: string): void {
    write('warning', part, text, remedy);
  }

  /** The configuration of something has to change. */
  error(part: string, code: Code, text: string, remedy: string): void {
    write('error', part, `${code}: ${text}`, remedy);
    this.exitCode = 78;
  }

  failed(part: string, thrown: unknown): void {
    const { code, message, remedy, definition } = asRelayError(thrown);
    write('error', part, `${code}: ${message}`, remedy);
    // What must be changed weighs more than what may pass.
    if (this.exitCode !== 78) this.exitCode = definition.exitCode;
  }
}

const INDENT = ' '.repeat(22);

function write(level: string, part: string, text: string, remedy = ''): void {
  // A broker may answer in several lines.
  const indented = text.replaceAll('\n', `\n${INDENT}`);
  print(`${level.padEnd(8)}${part.padEnd(13)} ${indented}\n`);
  if (remedy !== '') print(`${INDENT}-> ${remedy}\n`);
}
