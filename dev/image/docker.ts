import * as z from 'zod';
import { imageConfig } from './image-config.ts';
import type { BuildOptions, Image } from './image.ts';
import { run, start } from './process.ts';

const description = z.tuple([z.object({ Config: z.unknown(), Size: z.number() })]);

export async function buildWithDocker({ name, folder, secrets, progress }: BuildOptions): Promise<Image> {
  progress(`docker builds ${name}`);
  const secretFlags = secrets.flatMap((secret) => ['--secret', secret]);
  await run('docker', ['build', '--tag', name, ...secretFlags, folder], { DOCKER_BUILDKIT: '1' });
  const [{ Config, Size }] = description.parse(JSON.parse(await run('docker', ['image', 'inspect', name])));
  const containers: string[] = [];
  return {
    config: imageConfig(Config),
    sizeBytes: Size,
    start: ([program = '', ...args], env = {}) => {
      const container = `${name.replace(/\W/g, '-')}-${containers.length}`;
      containers.push(container);
      const envFlags = Object.entries(env).map(([key, value]) => `--env=${key}=${value}`);
      const flags = ['--name', container, '--network', 'host', '--entrypoint', program, ...envFlags];
      const terminate = async (): Promise<void> => {
        await run('docker', ['kill', '--signal', 'TERM', container]);
      };
      return start('docker', ['run', ...flags, name, ...args], {}, terminate);
    },
    remove: async () => {
      if (containers.length > 0) await run('docker', ['rm', '--force', '--volumes', ...containers]);
      await run('docker', ['image', 'rm', name]);
    },
  };
}
