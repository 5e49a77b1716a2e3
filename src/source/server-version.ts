import type { Flavour } from '../binlog/gtids/gtids.ts';

export interface ServerVersion {
  readonly flavour: Flavour;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** As the server prints it. */
  readonly text: string;
}

/** `version` and `version_comment` of the server. */
export function parseVersion(text: string, comment: string): ServerVersion {
  const [, major = '0', minor = '0', patch = '0'] = /(\d+)\.(\d+)\.(\d+)/.exec(text.replace(/^5\.5\.5-/, '')) ?? [];
  return {
    flavour: /mariadb/i.test(`${text} ${comment}`) ? 'mariadb' : 'mysql',
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    text,
  };
}

export function isAtLeast({ major, minor, patch }: ServerVersion, wanted: readonly [number, number, number]): boolean {
  const [wantedMajor, wantedMinor, wantedPatch] = wanted;
  if (major !== wantedMajor) return major > wantedMajor;
  if (minor !== wantedMinor) return minor > wantedMinor;
  return patch >= wantedPatch;
}

/** The server's clock, ms since 1970. In UTC, whatever the zone of the session: the clock may be put back in it. */
export const CLOCK_STATEMENT =
  "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6)) DIV 1000 AS ms";

/**
 * The statements whose words changed from master and slave to source and replica; the old ones are gone from 8.4 on,
 * and stay in MariaDB.
 */
export function headStatement(version: ServerVersion): string {
  return isMysqlFrom(version, [8, 2, 0]) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
}

export function replicasStatement(version: ServerVersion): string {
  return isMysqlFrom(version, [8, 0, 22]) ? 'SHOW REPLICAS' : 'SHOW SLAVE HOSTS';
}

/** MariaDB's replicas may have several connections, each with a name. */
export function replicaStatusStatement(version: ServerVersion): string {
  if (version.flavour === 'mariadb') return 'SHOW ALL SLAVES STATUS';
  return isMysqlFrom(version, [8, 0, 22]) ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS';
}

/** MariaDB cannot keep a variable by a statement. */
export function setStatement({ flavour }: ServerVersion, variable: string, value: string | number): string {
  return flavour === 'mysql'
    ? `SET PERSIST ${variable} = ${value};`
    : `SET GLOBAL ${variable} = ${value}; and the same in the server's configuration file.`;
}

function isMysqlFrom(version: ServerVersion, wanted: readonly [number, number, number]): boolean {
  return version.flavour === 'mysql' && isAtLeast(version, wanted);
}
