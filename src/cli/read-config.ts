import { readFileSync, statSync } from 'node:fs';
import { RelayError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { haBreaches } from '../config/rules.ts';
import { configWarnings } from '../config/warnings.ts';
import type { Arguments } from './command.ts';

const DEFAULT_PATH = 'config/relay.yaml';

/** The configuration that `--config` names. Throws CONFIG_INVALID with all errors at once. */
export function readConfig(args: Arguments): Config {
  return loadConfig(pathOf(args), { env: process.env, readFile: (path) => readFileSync(path, 'utf8') });
}

/** The same with ha: standby. Throws CONFIG_INVALID when that does not fit the rest. */
export function standingBy(config: Config): Config {
  const standby: Config = { ...config, ha: 'standby' };
  const found = haBreaches(standby).map(({ path, text }) => `--standby: ${path.join('.')}: ${text}`);
  if (found.length > 0) throw new RelayError('CONFIG_INVALID', found.join('\n'));
  return standby;
}

/** What is allowed in that file, but most likely not meant. */
export function warningsOf(args: Arguments, config: Config): readonly string[] {
  const name = pathOf(args);
  return configWarnings(config, { name, text: readFileSync(name, 'utf8'), mode: statSync(name).mode });
}

const pathOf = (args: Arguments): string => args.text('config') ?? DEFAULT_PATH;
