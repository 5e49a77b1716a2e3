/** Builds the image that image.ts describes. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { usesDocker } from '../servers/container.ts';
import type { Progress } from '../servers/servers.ts';
import { buildWithBuildah } from './buildah.ts';
import { bringBuildah } from './buildah-tools.ts';
import { buildWithDocker } from './docker.ts';
import type { Image } from './image.ts';

/**
 * Brings what `buildImage` needs. Resolves to why no image can be built here, and the way out; to undefined when it
 * can.
 */
export async function imageObstacle(progress: Progress): Promise<string | undefined> {
  return (await usesDocker()) ? undefined : bringBuildah(progress);
}

/** Builds the Dockerfile of this checkout; see `imageObstacle`. Throws an Error that ends with what the build wrote. */
export async function buildImage(name: string, progress: Progress): Promise<Image> {
  const options = { name, folder: join(import.meta.dirname, '..', '..'), secrets: npmSecrets(process.env), progress };
  return (await usesDocker()) ? buildWithDocker(options) : buildWithBuildah(options);
}

/** npm in the build reaches its registry as npm on this machine does. */
function npmSecrets(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const npmrc = env['NPM_CONFIG_USERCONFIG'] ?? join(homedir(), '.npmrc');
  const extraCa = env['NODE_EXTRA_CA_CERTS'];
  return [
    ...(existsSync(npmrc) ? [`id=npmrc,src=${npmrc}`] : []),
    ...(extraCa !== undefined && existsSync(extraCa) ? [`id=extra-ca,src=${extraCa}`] : []),
  ];
}
