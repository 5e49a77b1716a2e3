/**
 * A long run with everything that goes wrong, at the finest log level: no secret stands in anything that comes out.
 * The accounts have the rights that the documents name, and no more.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import { startMysql, startRocketmq } from '../../dev/servers/start.ts';
import { makeCertificates } from '../support/certificates.ts';
import { Program, type Outcome } from '../support/program.ts';
import { connectMysql } from '../support/servers.ts';

const TOPIC = 'orders';
const GROUP = 'orders-copy';
/** Of MySQL they may hold anything, also what JSON, SQL and shells write otherwise. */
const SECRETS = {
  relay: 'rel"ay\\ \'pass & <wörd>',
  checkpoint: 'check%point$pass`word',
  apply: 'apply{pass}word;--',
  verify: 'verify/pass?word=1',
  publisher: 'publisher-secret-k3y',
  reader: 'reader-secret-k3y',
  adminToken: 'token-of-the-relay-0123456789',
  applyToken: 'token-of-apply-0123456789',
} as const;
const OWNER = { accessKey: 'owner', accessSecret: 'secret-of-owner' };
/** Names of users are hidden, too: at managed services they name the customer. */
const KEYS = { publisher: 'k3y-of-publisher', reader: 'k3y-of-reader' } as const;

let folder: string;
let mysql: MysqlServer;
let rocketmq: RocketmqServer;
let root: Connection;
let started: Program[] = [];
/** What came out, by where. */
const came = new Map<string, string>();

const file = (name: string): string => join(folder, name);
const secretFile = (name: string): string => `file:${file(name)}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binlog-relay-secrets-'));
  makeCertificates(folder);
  const options = { own: true, progress: (): void => undefined };
  const secured = { ...OWNER, certificate: file('proxy.pem'), certificateKey: file('proxy.key') };
  [mysql, rocketmq] = await Promise.all([startMysql(options), startRocketmq({ ...options, secured })]);
  await rocketmq.createTopic(TOPIC, { queues: 8, fifo: true });
  await rocketmq.createGroup(GROUP, { ordered: true });
  await rocketmq.createUser(KEYS.publisher, SECRETS.publisher, [{ resource: `Topic:${TOPIC}`, action: 'Pub' }]);
  await rocketmq.createUser(KEYS.reader, SECRETS.reader, [
    { resource: `Topic:${TOPIC}`, action: 'Sub' },
    { resource: `Group:${GROUP}`, action: 'Sub' },
  ]);
  root = await connectMysql(mysql);
  await root.query(
    `CREATE DATABASE shop; CREATE DATABASE copy_shop; CREATE DATABASE relay;
     CREATE TABLE shop.orders (id INT PRIMARY KEY, note VARCHAR(100)); CREATE TABLE copy_shop.orders LIKE shop.orders`,
  );
  const grants = {
    relay: ['REPLICATION SLAVE, REPLICATION CLIENT ON *.*', 'SELECT ON shop.*'],
    checkpoint: ['SELECT, INSERT, UPDATE, CREATE ON relay.*'],
    apply: [
      'SELECT, INSERT, UPDATE, DELETE, TRIGGER ON copy_shop.*',
      'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON binlog_relay.*',
    ],
    verify: ['SELECT ON shop.*'],
  };
  for (const [user, rights] of Object.entries(grants) as [keyof typeof grants, readonly string[]][]) {
    await root.query(`CREATE USER ?@'%' IDENTIFIED BY ?`, [`s_${user}`, SECRETS[user]]);
    for (const right of rights) await root.query(`GRANT ${right} TO ?@'%'`, [`s_${user}`]);
  }
}, 300_000);

afterAll(async () => {
  for (const one of started.filter(({ hasEnded }) => !hasEnded)) one.signal('SIGKILL');
  await root.end();
  await Promise.all([mysql.remove(), rocketmq.remove()]);
  await rm(folder, { recursive: true, force: true });
});

async function writeSecrets(secrets: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, secret] of Object.entries(secrets)) await writeFile(file(name), `${secret}\n`);
}

async function configure(): Promise<void> {
  const { host, port } = mysql;
  const { endpoint } = rocketmq;
  const place = {
    endpoint: endpoint.replace('127.0.0.1', 'localhost'),
    topic: TOPIC,
    tls: { enabled: true, ca: file('ca.pem') },
  };
  const log = { level: 'trace', format: 'json' };
  await writeFile(
    file('relay.yaml'),
    stringify({
      source: { host, port, user: 's_relay', password: secretFile('relay'), start: 'copy' },
      tables: { include: ['shop.*'] },
      sink: { ...place, accessKey: secretFile('publisherKey'), accessSecret: secretFile('publisher') },
      publish: { progress: '1s' },
      checkpoint: {
        type: 'mysql',
        host,
        port,
        user: 's_checkpoint',
        password: '${CHECKPOINT_PASSWORD}',
        database: 'relay',
        name: 'orders',
      },
      admin: { port: 0, token: secretFile('adminToken') },
      log,
    }),
  );
  await writeFile(
    file('apply.yaml'),
    stringify({
      source: { ...place, group: GROUP, accessKey: '${READER_KEY}', accessSecret: secretFile('reader') },
      target: { host, port, user: 's_apply', password: secretFile('apply') },
      tables: { rename: { shop: 'copy_shop' } },
      verify: { source: { host, port, user: 's_verify', password: secretFile('verify') }, patience: '60s', rest: 0 },
      admin: { port: 0, token: '${APPLY_TOKEN}' },
      log,
    }),
  );
}

const ENVIRONMENT = {
  CHECKPOINT_PASSWORD: SECRETS.checkpoint,
  READER_KEY: KEYS.reader,
  APPLY_TOKEN: SECRETS.applyToken,
};

function start(...args: readonly string[]): Program {
  const one = new Program(args, ENVIRONMENT);
  started = [...started, one];
  return one;
}

async function outcome(...args: readonly string[]): Promise<Outcome> {
  const ended = await start(...args).outcome(90_000);
  came.set(args.join(' '), `${ended.stdout}\n${ended.stderr}`);
  return ended;
}

async function addressOf(one: Program): Promise<string> {
  await one.until(() => /"address":"[^"]+"/.test(one.stderr));
  const [, address = ''] = /"address":"([^"]+)"/.exec(one.stderr) ?? [];
  return address;
}

async function look(what: string, address: string, token: string): Promise<number> {
  let code = 0;
  for (const path of ['/', '/livez', '/readyz', '/healthz', '/metrics', '/copies'])
    for (const given of [token, 'another-token-of-someone']) {
      const response = await fetch(address + path, { headers: { Authorization: `Bearer ${given}` } });
      const headers = JSON.stringify([...response.headers]);
      came.set(`${what} ${path} ${came.size}`, `${headers}\n${await response.text()}`);
      if (path === '/healthz' && given === token) code = response.status;
    }
  return code;
}

async function untilHealth(what: string, address: string, token: string, code: number): Promise<void> {
  for (let i = 0; i < 300; i += 1) {
    if ((await look(what, address, token)) === code) return;
    await sleep(200);
  }
  throw new Error(`${what}: /healthz does not come to ${code}: ${[...came.values()].slice(-8).join('\n')}`);
}

/** As it stands in bodies, logs, URLs, headers and dumps. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
    // as util.inspect shows a Buffer
    bytes.toString('hex').replace(/(..)(?=.)/g, '$1 '),
  ];
}

const killRelaysSessions = async (): Promise<void> => {
  const [rows] = await root.query<{ id: number; constructor: { name: 'RowDataPacket' } }[]>(
    "SELECT id FROM information_schema.processlist WHERE user LIKE 's\\_%'",
  );
  for (const { id } of rows) await root.query(`KILL ${String(id)}`).catch(() => undefined);
};

it('no secret comes out, whatever goes wrong', { timeout: 300_000 }, async () => {
  const { publisher, reader, relay: relayPassword, apply: applyPassword, verify, adminToken } = SECRETS;
  const secrets = { relay: relayPassword, publisher, publisherKey: KEYS.publisher, reader, apply: applyPassword };
  await writeSecrets({ ...secrets, verify, adminToken });
  await configure();
  const relayConfig = ['--config', file('relay.yaml')];
  const applyConfig = ['--config', file('apply.yaml')];

  // Wrong from the start, each of them.
  for (const name of ['relay', 'publisher', 'publisherKey'] as const) {
    await writeSecrets({ [name]: `wrong-${secrets[name]}` });
    expect((await outcome('check', ...relayConfig)).code, name).not.toBe(0);
    expect((await outcome('run', ...relayConfig)).code, name).toBe(78);
    await writeSecrets(secrets);
  }
  for (const name of ['reader', 'apply'] as const) {
    await writeSecrets({ [name]: `wrong-${secrets[name]}` });
    expect((await outcome('apply', ...applyConfig)).code, name).toBe(78);
    await writeSecrets(secrets);
  }

  expect((await outcome('check', ...relayConfig)).code).toBe(0);
  const relay = start('run', ...relayConfig);
  const apply = start('apply', ...applyConfig);
  const [relayAddress, applyAddress] = [await addressOf(relay), await addressOf(apply)];
  const write = (from: number): Promise<unknown> =>
    root.query(
      'INSERT INTO shop.orders SELECT ? + seq, UUID() FROM JSON_TABLE(?, "$[*]" COLUMNS (seq INT PATH "$")) j',
      [from, JSON.stringify([...Array(100).keys()])],
    );
  await write(0);
  await untilHealth('relay', relayAddress, adminToken, 200);
  await untilHealth('apply', applyAddress, SECRETS.applyToken, 200);
  // What other users of the machine see of the processes.
  came.set('ps', execFileSync('ps', ['-eo', 'args']).toString());

  // Wrong later on: the secrets were changed, and the connections are cut.
  await writeSecrets({
    relay: 'wrong-relay',
    publisher: 'wrong-publisher',
    apply: 'wrong-apply',
    reader: 'wrong-reader',
  });
  await killRelaysSessions();
  await untilHealth('relay', relayAddress, adminToken, 503);
  await write(1000);
  await untilHealth('apply', applyAddress, SECRETS.applyToken, 503);
  await rm(file('relay'));
  await sleep(1500);
  await look('relay', relayAddress, adminToken);
  await writeSecrets(secrets);
  await untilHealth('relay', relayAddress, adminToken, 200);
  await untilHealth('apply', applyAddress, SECRETS.applyToken, 200);

  await mysql.kill9();
  await untilHealth('relay', relayAddress, adminToken, 503);
  await mysql.start();
  root.destroy();
  root = await connectMysql(mysql);
  await rocketmq.kill9();
  await write(2000);
  await untilHealth('relay', relayAddress, adminToken, 503);
  await rocketmq.start();
  await untilHealth('relay', relayAddress, adminToken, 200);
  await write(3000);

  expect((await outcome('verify', ...applyConfig)).code).toBe(0);
  expect((await outcome('apply', '--check', ...applyConfig)).code).toBe(0);
  await outcome('checkpoint', 'show', ...relayConfig);
  await outcome('checkpoint', 'export', ...relayConfig);
  await outcome('copy', 'shop.orders', ...relayConfig);
  await outcome('copy', 'shop.orders', '--url', relayAddress);
  for (const [name, one] of Object.entries({ relay, apply })) {
    // Node's own report of a crash is asked for; it is off unless somebody turns it on.
    const { code, stdout, stderr } = await one.stop();
    came.set(`log of ${name}`, `${stdout}\n${stderr}`);
    expect(code, stderr.slice(-2000)).toBe(0);
    expect(stderr).toMatch(/"level":"?(20|debug|10|trace)/);
  }
  const [stored] = await root.query('SELECT * FROM relay.binlog_relay_checkpoints');
  came.set('checkpoint', JSON.stringify(stored));
  for (const name of await readdir(folder))
    if (name.endsWith('.json')) came.set(name, await readFile(file(name), 'utf8'));

  const found = [...Object.entries(SECRETS), ...Object.entries(KEYS)].flatMap(([name, secret]) =>
    [...came].flatMap(([where, text]) => {
      const form = formsOf(secret).find((one) => text.includes(one));
      if (form === undefined) return [];
      const at = text.indexOf(form);
      return [`${name} in ${where}: ${text.slice(Math.max(0, at - 300), at + form.length + 40)}`];
    }),
  );
  const bytes = [...came.values()].reduce((sum, text) => sum + text.length, 0);
  console.log(`${came.size} outputs, ${bytes} characters, looked through for ${Object.keys(SECRETS).length} secrets`);
  expect(found).toEqual([]);
});
