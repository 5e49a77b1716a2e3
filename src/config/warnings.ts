import type { Config } from './config.ts';
import { problemLines, type Problem } from './problem.ts';
import { isReferenceOnly } from './references.ts';
import { SECRET_FILE_PREFIX } from './secrets.ts';
import { readYamlTree, valueAt } from './yaml-tree.ts';

/** The file that the configuration was loaded from. */
export interface ConfigFile {
  readonly name: string;
  readonly text: string;
  /** Permission bits as `stat` gives them; undefined where there are none. */
  readonly mode: number | undefined;
}

const PASSWORD = ['source', 'password'];
const COPY_PASSWORD = ['copy', 'source', 'password'];
const ACCESS_SECRET = ['sink', 'accessSecret'];
const CHECKPOINT_PASSWORD = ['checkpoint', 'password'];
const ADMIN_TOKEN = ['admin', 'token'];
const READABLE_BY_OTHERS = 0o004;

/** What is allowed but most likely not meant, a line each in the form of the errors. Never a secret. */
export function configWarnings(config: Config, { name, text, mode }: ConfigFile): readonly string[] {
  const tree = readYamlTree(text);
  const found: Problem[] = [];
  const warn = (path: readonly string[], text: string): void => void found.push(tree.problemAtValue(path, text));

  for (const path of [PASSWORD, COPY_PASSWORD, ACCESS_SECRET, CHECKPOINT_PASSWORD, ADMIN_TOKEN]) {
    const written = valueAt(tree.value, path);
    if (typeof written !== 'string' || !isClear(written)) continue;
    warn(
      path,
      'stands in the file in clear: take it from the environment (${NAME}) or from a file of its own (file:/run/secrets/…)',
    );
    if (mode !== undefined && (mode & READABLE_BY_OTHERS) !== 0) {
      warn(path, `every user of this machine can read it: chmod o-r ${name}`);
    }
  }
  if (config.sink.type === 'rocketmq') {
    const key = valueAt(tree.value, ['sink', 'endpoints']) === undefined ? 'endpoint' : 'endpoints';
    const ports = config.sink.endpoints.map((endpoint) => endpoint.split(':')[1]);
    if (ports.includes('9876'))
      warn(['sink', key], 'port 9876 is usually the name server: the gRPC proxy usually has 8081');
    if (ports.includes('10911')) warn(['sink', key], 'port 10911 is usually a broker: the gRPC proxy usually has 8081');
  }
  if (config.checkpoint.type === 'mysqlx' && config.checkpoint.port === 3306) {
    warn(['checkpoint', 'port'], 'port 3306 is usually that of the classic protocol: the X Protocol usually has 33060');
  }
  if (config.checkpoint.type === 'mysql' && config.checkpoint.port === 33_060) {
    warn(['checkpoint', 'port'], 'port 33060 is usually that of the X Protocol: the classic protocol usually has 3306');
  }
  if (config.ha === 'standby' && config.checkpoint.type !== 'file' && isThisMachine(config.checkpoint.host)) {
    const text = 'is another server on each machine: with ha: standby name it so that all relays reach the same one';
    warn(['checkpoint', 'host'], text);
  }
  return problemLines(name, found);
}

const isThisMachine = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

function isClear(written: string): boolean {
  return written !== '' && !written.startsWith(SECRET_FILE_PREFIX) && !isReferenceOnly(written);
}
