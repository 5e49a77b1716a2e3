import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { cacheRoot } from '../servers/cache.ts';
import { debianMirror } from '../servers/debian-mirror.ts';
import { imageConfig } from './image-config.ts';
import type { BuildOptions, Image } from './image.ts';
import { run, start } from './process.ts';

const description = z.object({ Docker: z.object({ config: z.unknown() }) });
const listing = z.array(z.object({ names: z.array(z.string()).nullish(), size: z.string() }));

/** Without a container runtime of its own: a program runs as the image's user in a chroot, not in namespaces. */
const ISOLATION = { BUILDAH_ISOLATION: 'chroot' };

export async function buildWithBuildah({ name, folder, secrets, progress }: BuildOptions): Promise<Image> {
  const cache = join(cacheRoot(), 'image');
  const store = ['--root', join(cache, 'store'), '--runroot', join(cache, 'run'), '--storage-driver', 'vfs'];
  const buildah = (...args: readonly string[]): Promise<string> => run('buildah', [...store, ...args], ISOLATION);
  const tag = `localhost/${name}`;

  progress('base image');
  const base = (
    await run(join(import.meta.dirname, 'base-image.sh'), [cache], { BINLOG_RELAY_DEBIAN_MIRROR: await debianMirror() })
  ).trim();
  progress(`buildah builds ${name}`);
  const secretFlags = secrets.flatMap((secret) => ['--secret', secret]);
  // Only the Docker format holds a health check.
  await buildah(
    'build',
    '--format=docker',
    '--pull-never',
    `--build-arg=BASE=${base}`,
    ...secretFlags,
    '--tag',
    tag,
    folder,
  );
  const { config } = description.parse(JSON.parse(await buildah('inspect', '--type', 'image', tag))).Docker;
  // One for all programs: making one copies the whole image.
  const container = (await buildah('from', '--pull-never', tag)).trim();
  return {
    config: imageConfig(config),
    sizeBytes: await sizeOf(tag, buildah),
    start: (program, env = {}) => {
      const envFlags = Object.entries(env).map(([key, value]) => `--env=${key}=${value}`);
      return start(
        'buildah',
        [...store, 'run', ...envFlags, container, '--', ...program],
        ISOLATION,
        terminateInnermost,
      );
    },
    remove: async () => {
      await buildah('rm', container);
      await buildah('rmi', tag);
    },
  };
}

async function sizeOf(tag: string, buildah: (...args: readonly string[]) => Promise<string>): Promise<number> {
  const images = listing.parse(JSON.parse(await buildah('images', '--json')));
  const megabytes = /^([\d.]+) MB$/.exec(images.find(({ names }) => names?.includes(`${tag}:latest`))?.size ?? '')?.[1];
  return Number(megabytes) * 1e6;
}

/** buildah does not hand signals on: the program is the last of the line of processes below it. */
async function terminateInnermost(pid: number): Promise<void> {
  const child = await childOf(pid);
  if (child === undefined) process.kill(pid, 'SIGTERM');
  else await terminateInnermost(child);
}

/** Each thread has children of its own. */
async function childOf(pid: number): Promise<number | undefined> {
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const children = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8');
    if (children !== '') return Number.parseInt(children, 10);
  }
  return undefined;
}
