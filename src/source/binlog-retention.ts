/** How long the server keeps its binlog, as it says itself. */
import { GtidSet } from '../binlog/gtids/gtid-set.ts';
import { binlogFiles, fileToBeginWith } from './binlog-files.ts';
import { mariadbFileToBeginWith } from './mariadb-server.ts';
import { numberOf, textOf, type Asked } from './rows.ts';
import { retention, RETENTION_VARIABLES, type Variables } from './server-facts.ts';
import { CLOCK_STATEMENT, isAtLeast, setStatement, type ServerVersion } from './server-version.ts';
import type { BinlogFile, Retention, StoredPosition } from './source.ts';

/** How much all files may take: of MariaDB from 11.4 on, and of Percona Server. 0 means any space. */
const SPACE_VARIABLES = ['max_binlog_total_size', 'binlog_space_limit'] as const;
const DAY_SECONDS = 86_400;
const WEEK_SECONDS = 7 * DAY_SECONDS;

/** See Source.retention. `serverUuid` and `version` are those of the server that `control` asks. */
export async function askRetention(
  control: Asked,
  { serverUuid, version }: { readonly serverUuid: string; readonly version: ServerVersion },
  stored: StoredPosition,
): Promise<Retention> {
  const [clock] = await control.query(CLOCK_STATEMENT);
  const names = [...RETENTION_VARIABLES, ...SPACE_VARIABLES].map((name) => `'${name}'`).join(', ');
  const rows = await control.query(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`);
  const variables = new Map(rows.map((row) => [textOf(row, 'Variable_name'), textOf(row, 'Value')]));
  const files = await binlogFiles(control);
  const expireSeconds = retention(variables);
  const space = spaceLimit(variables);
  return {
    serverUuid,
    asOfMs: numberOf(clock, 'ms'),
    files,
    needed: await neededFile(control, { serverUuid, version }, stored, files),
    expireSeconds,
    spaceLimitBytes: space?.bytes,
    remedies: {
      expiry: keepsBinlogs(version, Math.max(WEEK_SECONDS, 2 * (expireSeconds ?? 0))),
      space: space === undefined ? '' : takesSpace(version, space),
    },
  };
}

/** Of another server than the position's the file says nothing; the GTIDs tell where it would begin. */
async function neededFile(
  control: Asked,
  { serverUuid, version }: { readonly serverUuid: string; readonly version: ServerVersion },
  stored: StoredPosition,
  files: readonly [BinlogFile, ...BinlogFile[]],
): Promise<string | undefined> {
  if (stored.serverUuid === serverUuid) return stored.file;
  if (stored.gtidSet === undefined) return undefined;
  if (version.flavour === 'mariadb') return mariadbFileToBeginWith(control, stored.gtidSet, files);
  return fileToBeginWith(control, GtidSet.parse(stored.gtidSet), files);
}

interface Space {
  readonly variable: (typeof SPACE_VARIABLES)[number];
  readonly bytes: bigint;
}

/** MariaDB knows both names, for the same. */
function spaceLimit(variables: Variables): Space | undefined {
  for (const variable of SPACE_VARIABLES) {
    const bytes = BigInt(variables.get(variable) ?? '0');
    if (bytes > 0n) return { variable, bytes };
  }
  return undefined;
}

/** The statement that makes the server keep its binlogs for so long. */
export const keepsBinlogs = (version: ServerVersion, seconds: number): string =>
  version.flavour === 'mysql' || isAtLeast(version, [10, 6, 1])
    ? setStatement(version, 'binlog_expire_logs_seconds', Math.ceil(seconds))
    : setStatement(version, 'expire_logs_days', Math.ceil(seconds / DAY_SECONDS));

/** Percona's cannot be set while the server runs. */
const takesSpace = (version: ServerVersion, { variable, bytes }: Space): string =>
  version.flavour === 'mariadb'
    ? setStatement(version, variable, String(bytes * 2n))
    : `${variable} = ${bytes * 2n} in the server's configuration file, and a restart.`;
