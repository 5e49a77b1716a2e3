import { userInfo } from 'node:os';

/** What the tools that fill the cache say (node, apt, dpkg, tar, cp, Maven, Java), and what helps. */
const REMEDIES: readonly (readonly [RegExp, (root: string) => string])[] = [
  [
    /ENOSPC|EDQUOT|No space left|Disk quota exceeded|enough free space/i,
    (root) => `The disk is full: all servers together take about 2 GB below ${root}. ${ELSEWHERE}`,
  ],
  [
    /EACCES|EPERM|EROFS|Permission denied|Read-only file system/i,
    (root) => `The user ${userInfo().username} may not write there (${root}). ${ELSEWHERE}`,
  ],
  [
    /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|Could not (?:resolve|connect|transfer)|Unable to connect|Unknown host|Failed to fetch|Connection (?:timed out|refused)/i,
    () =>
      'Nothing could be fetched: apt goes the way of its own settings and of http_proxy, Maven that of ~/.m2/settings.xml. ' +
      'BINLOG_RELAY_DEBIAN_MIRROR names another mirror of Debian.',
  ],
];
const ELSEWHERE = 'Make room for it, or set BINLOG_RELAY_SERVERS_CACHE to a folder elsewhere.';

/** An Error that says what could not be brought into the cache, why, and what to do where that is known. */
export function fillingFailed(name: string, root: string, thrown: unknown): Error {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  const remedy = REMEDIES.find(([pattern]) => pattern.test(why))?.[1](root);
  const sentence = `${name} could not be brought: ${why.trimEnd()}`;
  return new Error(remedy === undefined ? sentence : `${sentence}\n${remedy}`, { cause: thrown });
}
