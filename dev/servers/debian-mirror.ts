import { runTool } from './tool.ts';

/** Where every Debian can be fetched from; on Ubuntu, whose mirrors do not have it, too. */
const DEFAULT = 'http://deb.debian.org/debian/';
/** The address of an index of the component that Debian's servers are in, in one of Debian's own suites. */
const MAIN_INDEX =
  /^'(\S+?\/)dists\/(?:bullseye|bookworm|trixie|forky|sid|(?:old)*stable|testing|unstable)\/main\/binary-/gm;

/**
 * The machine's own mirror of Debian, in whatever format its sources are; `BINLOG_RELAY_DEBIAN_MIRROR` names another.
 */
export async function debianMirror(): Promise<string> {
  const given = process.env['BINLOG_RELAY_DEBIAN_MIRROR'];
  if (given !== undefined && given !== '') return given;
  return mirrorOf(await runTool('apt-get', ['update', '--print-uris']));
}

/**
 * `uris`: what apt would fetch, as it reads its sources. Other people's archives may name Debian's suites as well: one
 * that is called as Debian's own mirrors are comes first.
 */
export function mirrorOf(uris: string): string {
  const archives = [...uris.matchAll(MAIN_INDEX)].flatMap(([, address]) => address ?? []);
  return archives.find((address) => address.endsWith('/debian/')) ?? archives[0] ?? DEFAULT;
}
