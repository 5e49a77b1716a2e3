/** docker-compose.yml and the files that it mounts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { MYSQL_FLAGS } from '../../dev/servers/mysql-flags.ts';
import { loadApplyConfig, loadConfig } from '../../src/config/load.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const CONDITIONS = ['service_healthy', 'service_completed_successfully'] as const;
const service = z.strictObject({
  build: z.string().optional(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  user: z.string().optional(),
  restart: z.literal('unless-stopped').optional(),
  stop_grace_period: z.string().optional(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.enum(CONDITIONS) })).default({}),
  healthcheck: z
    .strictObject({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.number() })
    .optional(),
});
const schema = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

const compose = schema.parse(parse(read('docker-compose.yml')));
const services = Object.entries(compose.services);
const dockerfile = read('Dockerfile');

function serviceOf(name: string): z.output<typeof service> {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

/** As compose does it: `${NAME:?why}` must be set. */
function interpolated(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/(?<!\$)\$\{(\w+):\?[^}]*\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined || value === '') throw new Error(`${name} is not set`);
    return value;
  });
}

function exampleEnv(): Readonly<Record<string, string>> {
  const lines = read('.env.example')
    .split('\n')
    .filter((line) => /^\w+=/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

const environmentOf = (name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(serviceOf(name).environment).map(([key, value]) => [key, interpolated(value, exampleEnv())]),
  );
const mounted = (name: string, file: string): string =>
  serviceOf(name)
    .volumes.find((volume) => volume.includes(`/${file}:`))
    ?.split(':')[0] ?? '';

const relay = serviceOf('relay');
const relayEnv = environmentOf('relay');
const configFile = mounted('relay', 'relay.yaml');
const config = loadConfig(configFile, { env: relayEnv, readFile: read });
const apply = serviceOf('apply');
const applyEnv = environmentOf('apply');
const applyFile = mounted('apply', 'apply.yaml');
const applyConfig = loadApplyConfig(applyFile, { env: applyEnv, readFile: read });

describe('docker-compose.yml', () => {
  it.each(services)('%s waits only for services that can become what it waits for', (_, { depends_on }) => {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      const target = serviceOf(name);
      if (condition === 'service_healthy')
        expect(target.healthcheck ?? /^HEALTHCHECK/m.exec(dockerfile), name).toBeTruthy();
      else expect(target.restart, `${name} ends`).toBeUndefined();
    }
  });

  it.each(services)('%s mounts only what is there', (_, { volumes }) => {
    for (const volume of volumes) {
      const [source = '', target = ''] = volume.split(':');
      expect(target).toMatch(/^\//);
      if (source.startsWith('.')) expect(existsSync(join(ROOT, source)), source).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it.each(services)(
    '%s publishes its ports to this machine only, and takes a fixed version',
    (_, { ports, image, build }) => {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      if (build === undefined) expect(image).toMatch(/:\d+\.\d+/);
    },
  );

  it('needs nothing from the environment that .env.example does not name, and no more', () => {
    const needed = [...read('docker-compose.yml').matchAll(/(?<!\$)\$\{(\w+)/g)].map((match) => match[1]);
    expect(new Set(needed)).toEqual(new Set(Object.keys(exampleEnv())));
  });

  it('starts MySQL with the flags that every server of ours has', () => {
    expect(serviceOf('mysql').command).toEqual(expect.arrayContaining([...MYSQL_FLAGS]));
  });

  it('makes the account that the relay logs in with, from the same secret', () => {
    const script = read('dev/compose/relay-user.sh');
    expect(script).toContain(`CREATE USER '${config.source.user}'@'%'`);
    expect(interpolated(serviceOf('mysql').environment['RELAY_MYSQL_PASSWORD'] ?? '', exampleEnv())).toBe(
      config.source.password,
    );
  });
});

describe('the relay in docker-compose.yml', () => {
  it('finds its servers by their names', () => {
    expect(compose.services).toHaveProperty(config.source.hosts[0].host);
    if (config.sink.type !== 'rocketmq') throw new Error('the relay does not publish to RocketMQ');
    const [host = '', port] = config.sink.endpoint.split(':');
    expect(serviceOf(host).command).toContain('/conf/proxy.json');
    expect(JSON.parse(read('dev/compose/proxy.json'))).toMatchObject({ grpcServerPort: Number(port) });
    // The proxy announces its own port under the host name of the client: outside it must be the same.
    expect(serviceOf(host).ports).toContain(`127.0.0.1:${port}:${port}`);
  });

  it('publishes to the topic that is made before it starts, with the type it needs', () => {
    if (config.sink.type !== 'rocketmq') throw new Error('the relay does not publish to RocketMQ');
    const command = serviceOf('topic').command?.join(' ') ?? '';
    expect(command).toContain(` -t ${config.sink.topic} `);
    expect(command).toContain('-a +message.type=FIFO -o true');
    expect(relay.depends_on['topic']?.condition).toBe('service_completed_successfully');
  });

  it('copies what is there, which its account may read, and says how far it is', () => {
    expect(config.source.start).toBe('copy');
    expect(config.publish.progressMs).toBeGreaterThan(0);
    expect(read('dev/compose/relay-user.sh')).toContain(
      `GRANT SELECT ON ${serviceOf('mysql').environment['MYSQL_DATABASE'] ?? ''}.* TO '${config.source.user}'@'%'`,
    );
  });

  it('keeps its checkpoint in a volume that the image hands to its user', () => {
    if (config.checkpoint.type !== 'file') throw new Error('the relay does not keep its checkpoint in a folder');
    const folder = config.checkpoint.path;
    expect(relay.volumes).toContain(`checkpoint:${folder}`);
    expect(dockerfile).toContain(`VOLUME ${folder}`);
    expect(dockerfile).toContain(`install -d -o node -g node -m 750 ${folder}`);
  });

  it('is probed where it listens', () => {
    expect(config.admin).toMatchObject({ enabled: true, host: '0.0.0.0' });
    expect(relay.ports).toEqual([`127.0.0.1:${config.admin.port}:${config.admin.port}`]);
    expect(dockerfile).toContain(`EXPOSE ${config.admin.port}\n`);
    expect(dockerfile).toContain(`http://127.0.0.1:${config.admin.port}/livez`);
  });

  it('mounts the configuration that the image has as its default, where the command looks for it', () => {
    expect(relay.volumes).toContain(`${configFile}:/etc/binlog-relay/relay.yaml:ro`);
    expect(dockerfile).toContain('CMD ["run", "--config", "/etc/binlog-relay/relay.yaml"]');
    expect(dockerfile).toContain('COPY config/container.yaml /etc/binlog-relay/relay.yaml');
  });
});

describe('apply in docker-compose.yml', () => {
  it('reads what the relay publishes, with the ordered group that is made before it starts', () => {
    if (config.sink.type !== 'rocketmq') throw new Error('the relay does not publish to RocketMQ');
    const { endpoint, topic, group } = applyConfig.source;
    expect({ endpoint, topic }).toEqual({ endpoint: config.sink.endpoint, topic: config.sink.topic });
    expect(serviceOf('topic').command?.join(' ')).toContain(`updateSubGroup -g ${group} -o true -r 1000000000`);
    expect(apply.depends_on['topic']?.condition).toBe('service_completed_successfully');
  });

  it('finds its target, where it logs in with the account that is made there and makes the tables', () => {
    const target = serviceOf(applyConfig.target.host);
    const script = read('dev/compose/apply-user.sh');
    expect(script).toContain(`CREATE USER '${applyConfig.target.user}'@'%'`);
    expect(script).toContain(`ON ${target.environment['MYSQL_DATABASE'] ?? ''}.* TO`);
    expect(script).toContain(`ON ${applyConfig.ledger}.* TO`);
    expect(target.environment['MYSQL_DATABASE']).toBe(serviceOf('mysql').environment['MYSQL_DATABASE']);
    expect(environmentOf('bigdata')['APPLY_MYSQL_PASSWORD']).toBe(applyConfig.target.password);
    expect(applyConfig.create).toBe(true);
    expect(applyConfig.verify?.source).toMatchObject({
      ...config.source.hosts[0],
      user: config.source.user,
      password: config.source.password,
    });
    expect(applyConfig.verify?.relay).toBe(`http://relay:${config.admin.port}`);
  });

  it('has the configuration that is in the image, where its command looks for it, and is probed there', () => {
    expect(apply.volumes).toContain(`${applyFile}:/etc/binlog-relay/apply.yaml:ro`);
    expect(apply.command).toEqual(['apply', '--config', '/etc/binlog-relay/apply.yaml']);
    expect(dockerfile).toContain(`COPY ${applyFile.replace('./', '')} /etc/binlog-relay/apply.yaml`);
    expect(read('.dockerignore')).toContain(`!${applyFile.replace('./', '')}\n`);
    expect(applyConfig.admin).toMatchObject({ enabled: true, host: '0.0.0.0', port: config.admin.port });
  });
});

describe.each([
  ['relay', relay, relayEnv, configFile],
  ['apply', apply, applyEnv, applyFile],
])('%s in docker-compose.yml, like the other one', (_, daemon, env, file) => {
  it('sets every variable that its configuration needs, and none that it does not', () => {
    const references = [...read(file).matchAll(/\$\{(\w+)(:-[^}]*)?\}/g)];
    const needed = references.filter((match) => match[2] === undefined).map((match) => match[1]);
    const known = references.map((match) => match[1]);
    expect(Object.keys(env)).toEqual(expect.arrayContaining(needed));
    expect(known).toEqual(expect.arrayContaining(Object.keys(env)));
  });

  it('can write nowhere but to a volume and /tmp, and gains no rights', () => {
    expect(daemon).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: 'unless-stopped',
    });
  });
});
