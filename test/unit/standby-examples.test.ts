/** examples/standby: what is deployed of it is a configuration that the relay takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { configWarnings } from '../../src/config/warnings.ts';

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', 'examples', 'standby', name), 'utf8');

/** The configuration in a container that has `env` and these files. */
function load(text: string, env: Readonly<Record<string, string>>, files: readonly string[]): Config {
  const readFile = (path: string): string => {
    if (!files.includes(path)) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return 'secret\n';
  };
  const config = parseConfig(text, 'relay.yaml', { env, readFile });
  expect(configWarnings(config, { name: 'relay.yaml', text, mode: 0o644 })).toEqual([]);
  return config;
}

const STANDBY = { ha: 'standby', checkpoint: { type: 'mysql' }, admin: { enabled: true, host: '0.0.0.0', port: 8686 } };

describe('examples/standby/compose.yaml', () => {
  const service = z.strictObject({
    image: z.literal('binlog-relay'),
    restart: z.literal('unless-stopped'),
    init: z.literal(true),
    read_only: z.literal(true),
    tmpfs: z.tuple([z.literal('/tmp')]),
    cap_drop: z.tuple([z.literal('ALL')]),
    security_opt: z.array(z.string()),
    environment: z.record(z.string(), z.string()),
    volumes: z.array(z.string()),
    secrets: z.array(z.string()),
    ports: z.array(z.string()),
  });
  const compose = z
    .object({
      services: z.record(z.string(), service),
      secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
    })
    .parse(parse(read('compose.yaml'), { merge: true }));

  it('starts two of the same configuration, told apart only by the port outside', () => {
    const [a, b, ...more] = Object.values(compose.services);
    expect(more).toEqual([]);
    expect({ ...a, ports: [] }).toEqual({ ...b, ports: [] });
    expect(a?.ports).not.toEqual(b?.ports);
    expect(a?.volumes).toEqual(['./relay.yaml:/etc/binlog-relay/relay.yaml:ro']);
  });

  it('with all that it needs', () => {
    for (const { environment, secrets } of Object.values(compose.services)) {
      expect(secrets).toEqual(Object.keys(compose.secrets));
      const env = Object.fromEntries(Object.keys(environment).map((name) => [name, 'host:1']));
      const hosts = { MYSQL_HOST: 'mysql', CHECKPOINT_HOST: 'state' };
      const files = secrets.map((name) => `/run/secrets/${name}`);
      expect(load(read('relay.yaml'), { ...env, ...hosts }, files)).toMatchObject(STANDBY);
    }
  });
});

describe('examples/standby/kubernetes.yaml', () => {
  const documents = parseAllDocuments(read('kubernetes.yaml')).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as { readonly kind: string };
  });
  const ofKind = <T>(kind: string, schema: z.ZodType<T>): T => schema.parse(documents.find((one) => one.kind === kind));
  const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal('admin') }) });
  const { spec } = ofKind(
    'Deployment',
    z.object({
      spec: z.object({
        replicas: z.literal(2),
        selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
        template: z.object({
          metadata: z.object({ labels: z.record(z.string(), z.string()) }),
          spec: z.object({
            terminationGracePeriodSeconds: z.number(),
            containers: z.tuple([
              z.object({
                ports: z.tuple([z.object({ name: z.literal('admin'), containerPort: z.number() })]),
                livenessProbe: probe,
                readinessProbe: probe,
                volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
              }),
            ]),
            volumes: z.array(z.looseObject({ name: z.string() })),
          }),
        }),
      }),
    }),
  );
  const [container] = spec.template.spec.containers;
  const { data } = ofKind('ConfigMap', z.object({ data: z.object({ 'relay.yaml': z.string() }) }));
  const secrets = container.volumeMounts.find(({ name }) => name === 'secrets')?.mountPath ?? '';
  const files = ['mysql-password', 'checkpoint-password'].map((name) => `${secrets}/${name}`);
  const config = load(data['relay.yaml'], {}, files);

  it('has a configuration that stands by, with its secrets in files', () => {
    expect(config).toMatchObject(STANDBY);
    expect(config.source.passwordFile).toBe(files[0]);
    expect(config.checkpoint.passwordFile).toBe(files[1]);
  });

  it('probes it where it listens, and leaves it the time to end in order', () => {
    expect(container.ports[0].containerPort).toBe(config.admin.port);
    expect(container.livenessProbe.httpGet.path).toBe('/livez');
    expect(container.readinessProbe.httpGet.path).toBe('/readyz');
    expect(spec.template.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(2 * config.limits.stopTimeoutMs);
  });

  it('selects the pods that it makes, and mounts only what there is', () => {
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    const volumes = spec.template.spec.volumes.map(({ name }) => name);
    for (const { name } of container.volumeMounts) expect(volumes).toContain(name);
  });

  it('is the configuration of the compose file', () => {
    const env = {
      MYSQL_HOST: 'mysql-orders',
      ROCKETMQ_ENDPOINT: 'rocketmq-proxy:8081',
      CHECKPOINT_HOST: 'mysql-state',
    };
    const other = load(read('relay.yaml'), env, ['/run/secrets/mysql-password', '/run/secrets/checkpoint-password']);
    const { source, checkpoint } = other;
    expect({
      ...other,
      source: { ...source, passwordFile: files[0] },
      checkpoint: { ...checkpoint, passwordFile: files[1] },
    }).toEqual(config);
  });
});
