import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { RelayError } from '../../src/base/errors.ts';

export interface Outside {
  readonly env?: Readonly<Record<string, string>>;
  /** Path to text; any other file is missing. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The four keys without which there is no configuration. Five lines: what a test adds begins in line 6. */
export const REQUIRED = 'source:\n  host: mysql\n  user: relay\nsink:\n  endpoint: rocketmq:8081\n';

/** The checkpoint as a document of a MySQL server; six lines, to which more of its keys may be added. */
export const MYSQLX = 'checkpoint:\n  type: mysqlx\n  host: ops\n  user: keeper\n  schema: relay\n  name: orders\n';

export function parse(text: string, { env = {}, files = {} }: Outside = {}): Config {
  return parseConfig(text, 'relay.yaml', { env, readFile: (path) => readFrom(files, path) });
}

/** The lines of the error that `text` gives, without the file's name; none when it is valid. */
export function problems(text: string, outside: Outside = {}): readonly string[] {
  try {
    parse(text, outside);
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== 'CONFIG_INVALID') throw error;
    return error.message.split('\n').map((line) => line.replace(/^relay\.yaml:/, ''));
  }
  return [];
}

export function readFrom(files: Readonly<Record<string, string>>, path: string): string {
  const text = Object.hasOwn(files, path) ? files[path] : undefined;
  if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  return text;
}

/** The checkpoint as a row of a MySQL server; six lines, to which more of its keys may be added. */
export const MYSQL_CHECKPOINT =
  'checkpoint:\n  type: mysql\n  host: ops\n  user: keeper\n  database: relay\n  name: orders\n';
