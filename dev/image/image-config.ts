import * as z from 'zod';
import type { ImageConfig } from './image.ts';

/** The part of an image's description that Docker and buildah write alike. */
const schema = z.object({
  User: z.string(),
  Entrypoint: z.array(z.string()),
  Cmd: z.array(z.string()),
  StopSignal: z.string(),
  Volumes: z.record(z.string(), z.unknown()),
  Healthcheck: z.object({ Test: z.array(z.string()) }),
});

export function imageConfig(described: unknown): ImageConfig {
  const config = schema.parse(described);
  return {
    user: config.User,
    entrypoint: config.Entrypoint,
    command: config.Cmd,
    stopSignal: config.StopSignal,
    volumes: Object.keys(config.Volumes),
    healthcheck: config.Healthcheck.Test.slice(1),
  };
}
