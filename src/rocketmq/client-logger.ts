import { format } from 'node:util';
import type { ILogger } from 'rocketmq-client-nodejs';
import type { Logger } from '../base/log.ts';
import { withoutUser } from './without-user.ts';

/**
 * The client's own log, for whoever looks for a fault in it: all it reports comes to us as an error of a call,
 * too.
 */
export function clientLogger(logger: Pick<Logger, 'debug' | 'isLevelEnabled'>): ILogger {
  const debug = (...args: unknown[]): void => {
    if (logger.isLevelEnabled('debug')) logger.debug({ text: withoutUser(format(...args)) }, 'rocketmq client');
  };
  return { info: debug, warn: debug, error: debug };
}
