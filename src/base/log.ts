import { destination, pino, stdTimeFunctions, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** `auto`: pretty when stderr is a terminal, JSON lines otherwise. */
  readonly format: 'auto' | 'json' | 'pretty';
}

/**
 * Logs to stderr: stdout belongs to the sink and to `tail`. Synchronous, so that the last line before an exit is never
 * lost. `beforeLine` is called before each line.
 */
export function createLogger({ level, format }: LogOptions, beforeLine: () => void = () => undefined): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  const streamWrite = (line: string): string => {
    beforeLine();
    return line;
  };
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime, hooks: { streamWrite } };
  return isPretty
    ? pino(options, pretty({ destination: 2, sync: true, translateTime: 'HH:MM:ss.l', ignore: 'pid,hostname' }))
    : pino(options, destination({ dest: 2, sync: true }));
}
