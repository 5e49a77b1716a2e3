import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fillingFailed } from './cache-errors.ts';
import type { Progress } from './servers.ts';

/** Unfinished folders older than this are left over from a process that was killed. */
const STALE_MS = 3_600_000;

/** Where everything is kept that is fetched or made only once. */
export function cacheRoot(): string {
  return (
    process.env['BINLOG_RELAY_SERVERS_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'binlog-relay', 'servers')
  );
}

/**
 * The folder `name` of the cache, filled by `fill` if it is not there yet. Whoever fills at the same time works in a
 * folder of their own; the first to be ready renames it, so that the cache never shows a half-filled folder.
 */
export async function cached(
  name: string,
  progress: Progress,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheRoot(), name);
  if (existsSync(folder)) return folder;
  const startMs = performance.now();
  const unfinished = await unfinishedFolder(name).catch((thrown: unknown) => {
    throw fillingFailed(name, cacheRoot(), thrown);
  });
  try {
    await fill(unfinished);
    await rename(unfinished, folder);
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw fillingFailed(name, cacheRoot(), thrown);
  }
  progress(`${name} unpacked in ${((performance.now() - startMs) / 1000).toFixed(1)} s: ${folder}`);
  return folder;
}

async function unfinishedFolder(name: string): Promise<string> {
  await mkdir(cacheRoot(), { recursive: true });
  await removeStale();
  return mkdtemp(join(cacheRoot(), `.${name}-`));
}

async function removeStale(): Promise<void> {
  for (const name of await readdir(cacheRoot())) {
    const folder = join(cacheRoot(), name);
    if (!name.startsWith('.')) continue;
    // Another run may have finished it since: then it is no longer there under this name.
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS)
      await rm(folder, { recursive: true, force: true });
  }
}
