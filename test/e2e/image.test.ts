/** The container image: Dockerfile, docker-compose.yml. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Image, Running } from '../../dev/image/image.ts';
import { buildImage, imageObstacle } from '../../dev/image/build.ts';
import { drainTopic } from '../support/drain-topic.ts';
import {
  freshDatabase,
  freshTopic,
  sharedMysql,
  sharedRocketmq,
  uniqueName,
  type FreshTopic,
} from '../support/servers.ts';

/** As config/container.yaml has it; the image runs in the network of this machine. */
const ADMIN = 'http://127.0.0.1:8686';
const BUILD_TIMEOUT_MS = 600_000;

const progress = (line: string): void => console.error(`image: ${line}`);
const obstacle = await imageObstacle(progress);
let image: Image;
let topic: FreshTopic;
const running: Running[] = [];

beforeAll(async () => {
  if (obstacle !== undefined) return;
  const startMs = performance.now();
  image = await buildImage(uniqueName('binlog-relay-test-'), progress);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.log(`image: built in ${seconds} s, ${Math.round(image.sizeBytes / 1e6)} MB`);
  topic = await freshTopic();
}, BUILD_TIMEOUT_MS);

beforeEach(({ skip }) => {
  if (obstacle !== undefined) skip(`the image: ${obstacle}`);
});

afterAll(async () => {
  if (obstacle !== undefined) return;
  await Promise.all(running.map((container) => container.stop()));
  await image.remove();
}, BUILD_TIMEOUT_MS);

/** The image with arguments of its own in the place of its command. */
function relay(args: readonly string[], env?: Readonly<Record<string, string>>): Running {
  return start([...image.config.entrypoint, ...args], env);
}

function start(program: readonly string[], env?: Readonly<Record<string, string>>): Running {
  const container = image.start(program, env);
  running.push(container);
  return container;
}

function environment(): Readonly<Record<string, string>> {
  const { host, port, relayUser, relayPassword } = sharedMysql();
  return {
    MYSQL_HOST: host,
    MYSQL_PORT: String(port),
    MYSQL_USER: relayUser,
    MYSQL_PASSWORD: relayPassword,
    ROCKETMQ_ENDPOINT: sharedRocketmq().endpoint,
    ROCKETMQ_TOPIC: topic.topic,
  };
}

/** The relay as the image starts it by itself. */
async function startRelay(): Promise<Running> {
  const container = relay(image.config.command, environment());
  const early = container.ended.then(({ output }) => Promise.reject(new Error(`the relay has ended:\n${output}`)));
  early.catch(() => undefined); // once it is ready it may end
  await Promise.race([early, untilReady(container)]);
  return container;
}

async function untilReady(container: Running): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const isReady = await fetch(`${ADMIN}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    if (performance.now() > deadline) throw new Error(`the relay is not ready:\n${container.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('is run as a user who is not root and can write only to the volume', async () => {
  expect(image.config).toMatchObject({ user: 'node', stopSignal: 'SIGTERM', volumes: ['/var/lib/binlog-relay'] });
  const writable = 'for d in /app /app/dist /etc/binlog-relay /var/lib/binlog-relay; do test -w $d && echo $d; done';
  const { output } = await start(['sh', '-c', `id -u; ${writable}; true`]).ended;
  expect(output).toBe('1000\n/var/lib/binlog-relay\n');
});

it('holds what production needs and nothing to build or to test with', async () => {
  const { output } = await start(['sh', '-c', 'ls /app; ls /app/node_modules; ls -A ~']).ended;
  const names = output.split('\n');
  expect(names).toEqual(expect.arrayContaining(['dist', 'node_modules', 'mysql2', 'rocketmq-client-nodejs', 'zongji']));
  for (const absent of ['src', 'test', 'typescript', 'vitest', '.npmrc', '.env']) expect(names).not.toContain(absent);
});

it('holds no package manager, no program that runs as another user, and no folder that all may write but those for it', async () => {
  const managers = 'for p in npm npx yarn corepack; do command -v $p; done';
  const asOthers = 'find / -xdev -type f -perm /6000';
  const writable = 'find / -xdev -type d -perm -002 ! -perm -1000';
  const { output } = await start(['sh', '-c', `(${managers}; ${asOthers}; ${writable}) 2>/dev/null; true`]).ended;
  expect(output).toBe('');
});

it('holds the packages that npm would install for production, each once where it is needed, and no other', async () => {
  const { output } = await start(['sh', '-c', 'cat /app/node_modules/.package-lock.json']).ended;
  const { packages } = JSON.parse(output) as { packages: Readonly<Record<string, { readonly dev?: boolean }>> };
  expect(Object.keys(packages)).toContain('node_modules/mysql2');
  expect(Object.entries(packages).filter(([, { dev }]) => dev === true)).toEqual([]);
});

it('answers --help', async () => {
  const { code, output } = await relay(['--help']).ended;
  expect(output).toContain('Usage: binlog-relay <command>');
  expect(code).toBe(0);
});

it('says what is missing when nothing was configured', async () => {
  const { code, output } = await relay(image.config.command).ended;
  expect(output).toContain('the environment variable MYSQL_HOST is not set');
  // buildah hands on the code only in words, and with one of its own.
  expect(code === 78 || output.includes('exited with status 78')).toBe(true);
});

it('checks the servers that the environment names', async () => {
  const { code, output } = await relay(['check', ...image.config.command.slice(1)], environment()).ended;
  expect(output).toContain(`rocketmq topic ${topic.topic}`);
  expect(code, output).toBe(0);
});

it('writes no file but its checkpoint, so that the root file system can be read-only', async () => {
  const command = [...image.config.entrypoint, ...image.config.command].join(' ');
  const written =
    'find / -xdev -type f -newer /tmp/before ! -path "/var/lib/binlog-relay/*" ! -path "/proc/*" ! -path "/sys/*"';
  const script = `touch /tmp/before; timeout 4 ${command}; echo "written:"; ${written} 2>/dev/null; true`;
  const { output } = await start(['sh', '-c', script], environment()).ended;
  expect(output).toContain('"msg":"starting"');
  expect(output).toMatch(/written:\n$/);
});

it('publishes a row, is healthy, and stops when it is asked to', async () => {
  const container = await startRelay();
  const database = await freshDatabase();
  await database.connection.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO t VALUES (1, "one")');
  const isOurs = (tag: string): boolean => tag === `${database.name}.t`;
  const messages = await drainTopic({ ...topic, until: (all) => all.some(({ tag }) => isOurs(tag)) });
  const body: unknown = JSON.parse(messages.find(({ tag }) => isOurs(tag))?.body.toString() ?? '');
  expect(body).toMatchObject({ type: 'INSERT', data: [{ id: '1', v: 'one' }] });

  expect((await start(image.config.healthcheck).ended).code).toBe(0);
  const metrics = await (await fetch(`${ADMIN}/metrics`)).text();
  const residentBytes = Number(/^process_resident_memory_bytes (\d+)$/m.exec(metrics)?.[1]);
  console.log(`image: the relay takes ${Math.round(residentBytes / 1e6)} MB of memory`);
  expect(residentBytes).toBeLessThan(200e6);

  const { code, output } = await container.stop();
  expect(code, output).toBe(0);
  expect((await start(image.config.healthcheck).ended).code).not.toBe(0);
  await database.drop();
});
