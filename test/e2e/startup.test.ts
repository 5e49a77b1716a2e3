/** Every way a start can go wrong, and what the program says then: what a newcomer meets, and an operator at night. */
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createFileCheckpointStore } from '../../src/checkpoint/file.ts';
import { expectRefusal, Place, printed, type Message, type Outcome, type Program } from '../support/program.ts';
import { freshDatabase, sharedMysql, sharedRocketmq, uniqueName, type FreshDatabase } from '../support/servers.ts';

const TABLE = 'CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), phone VARCHAR(20))';
const MYSQL = sharedMysql();
const opened: FreshDatabase[] = [];

/** A schema with one table. */
async function shop(mysql = MYSQL): Promise<FreshDatabase> {
  const database = await freshDatabase({ prefix: 'start', mysql });
  opened.push(database);
  await database.connection.query(TABLE);
  return database;
}

async function shopPlace(
  sections: Readonly<Record<string, unknown>> = {},
): Promise<{ db: FreshDatabase; place: Place }> {
  const db = await shop();
  return { db, place: await Place.create(MYSQL, `${db.name}.*`, sections) };
}

const insert = ({ connection }: FreshDatabase, id: number): Promise<unknown> =>
  connection.query('INSERT INTO t VALUES (?, ?, ?)', [id, `n${id}`, '555-0100']);
const ids = (messages: readonly Message[]): readonly unknown[] =>
  messages.flatMap(({ data }) => data.map((row) => Number(row['id'])));

/** Commits one row and waits until it is published. */
async function publish(relay: Program, db: FreshDatabase, id: number): Promise<void> {
  await insert(db, id);
  await relay.until(() => ids(relay.messages()).includes(id));
}

async function value(connection: Connection, sql: string): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return String(Object.values(rows[0] ?? {})[0]);
}

async function head(connection: Connection): Promise<{ readonly file: string; readonly position: number }> {
  const [[status]] = await connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
  return { file: String(status?.['File']), position: Number(status?.['Position']) };
}

/** The SQL in a remedy, up to its semicolon. */
function printedSql(outcome: Outcome, pattern: RegExp): string {
  const [, sql] = pattern.exec(outcome.stderr.replaceAll('\\"', '"')) ?? [];
  if (sql === undefined) throw new Error(`no ${String(pattern)} in ${outcome.stderr}`);
  return sql;
}

afterAll(async () => {
  await Promise.all(opened.map((db) => db.drop().catch(() => undefined)));
  // No test wrote a password anywhere else than into a configuration.
  expect(printed.filter((text) => text.includes('-secret'))).toEqual([]);
});

describe.concurrent('reaching the server', () => {
  it('waits for a name that DNS does not know, and says so', async () => {
    const { place } = await shopPlace({
      source: { host: 'no-such-host.invalid', user: 'relay', password: 'x-secret' },
    });
    const relay = place.run();
    await relay.until(() => relay.stderr.includes('"failures":2'));
    expect(relay.stderr).toContain('SOURCE_HOST_UNKNOWN');
    expect(relay.stderr).toContain('no-such-host.invalid');
    expect(relay.stderr).toContain('Check source.host');
    expect((await relay.stop()).code).toBe(0);
  });

  it('waits for a port where nothing listens, says so in log and health, and goes on when it appears', async () => {
    const db = await shop();
    const port = await freePort();
    const { folder } = await Place.create(MYSQL, `${db.name}.*`);
    const relay = await RelayProcess.start({
      folder,
      config: {
        source: { host: '127.0.0.1', port, user: MYSQL.relayUser, password: MYSQL.relayPassword },
        tables: { include: [`${db.name}.*`] },
        sink: { type: 'file', path: join(folder, 'changes.jsonl') },
      },
    });
    const health = await relay.until(
      'waiting',
      ({ parts }) => !parts.source.ok && parts.source.reason.includes('REFUSED'),
    );
    expect(health.parts.source.reason).toContain(`127.0.0.1:${port}`);
    expect(await relay.page('/readyz')).toMatch(/^503 starting; source: .*ECONNREFUSED/);
    expect(await relay.page('/livez')).toContain('200');
    expect(await relay.log()).toContain('the source is not available; trying again');
    const line = await forward(port);
    await relay.ready();
    expect(await relay.page('/readyz')).toBe('200 ready\n');
    const pages = [await relay.page('/healthz'), await relay.page('/metrics'), await relay.log()];
    printed.push(...pages.map(String));
    expect((await relay.stop()).code).toBe(0);
    line.close();
  });

  it('refuses a wrong password, once', async () => {
    const { place } = await shopPlace();
    await place.configure({ source: { password: 'wrong-secret' } });
    const texts = ['relay', '(using password: YES)', '1045', 'source.password'];
    expectRefusal(await place.run().outcome(), 78, 'SOURCE_ACCESS_DENIED', texts);
    expectRefusal(await place.check(), 78, 'SOURCE_ACCESS_DENIED', texts);
  });

  it('names the GRANT that is missing, and runs with it', async () => {
    const { db, place } = await shopPlace();
    const user = uniqueName('u');
    await db.connection.query(`CREATE USER ${user} IDENTIFIED BY 'poor-secret'`);
    await place.configure({ source: { user, password: 'poor-secret' } });
    const outcome = await place.run().outcome();
    expectRefusal(outcome, 78, 'SOURCE_GRANT_MISSING', [`lacks REPLICATION SLAVE and REPLICATION CLIENT`, user]);
    await db.connection.query(printedSql(outcome, /(GRANT REPLICATION SLAVE[^;]+);/));
    await place.session(() => Promise.resolve());
    await db.connection.query(`DROP USER ${user}`);
  });

  it('encrypts when asked, and verifies the authority', async () => {
    const { db, place } = await shopPlace();
    // Only over TLS may this one log in; the plugin is that of every account of today.
    const user = uniqueName('u');
    await db.connection.query(
      `CREATE USER ${user} IDENTIFIED WITH caching_sha2_password BY 'tls-secret' REQUIRE SSL;
       GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${user}`,
    );
    const dataFolder = await value(db.connection, 'SELECT @@datadir');
    const ca = join(place.folder, 'ca.pem');
    await writeFile(ca, await readFile(join(dataFolder, 'ca.pem')));
    const login = { user, password: 'tls-secret' };
    for (const tls of [{ mode: 'required' }, { mode: 'verify-ca', ca }]) {
      await place.configure({ source: { ...login, tls } });
      await place.session((relay) => publish(relay, db, 1));
      await db.connection.query('DELETE FROM t');
    }
    await place.configure({ source: { ...login, tls: { mode: 'disabled' } } });
    expectRefusal(await place.run().outcome(), 78, 'SOURCE_ACCESS_DENIED', [user]);
    const stranger = join(place.folder, 'stranger.pem');
    await writeFile(stranger, STRANGE_CA);
    await place.configure({ source: { ...login, tls: { mode: 'verify-ca', ca: stranger } } });
    expectRefusal(await place.run().outcome(), 78, 'SOURCE_TLS', ['source.tls.ca']);
    await db.connection.query(`DROP USER ${user}`);
  });
});

describe.concurrent('the first start', () => {
  it('starts with earliest, a GTID set, or a place in a file, and says what it leaves out', async () => {
    const { db, place } = await shopPlace();
    const user = uniqueName('u');
    await db.connection.query(
      `CREATE USER ${user} IDENTIFIED BY 'account-secret'; DROP USER ${user};
       CREATE TABLE notes (id INT PRIMARY KEY) COMMENT 'hidden-secret'`,
    );
    const set = await value(db.connection, 'SELECT @@GLOBAL.gtid_executed');
    const { file, position } = await head(db.connection);
    await insert(db, 1);
    const starts = ['earliest', { gtidSet: set.replaceAll('\n', '') }, { file, position }];
    for (const [number, start] of starts.entries()) {
      const path = join(place.folder, `checkpoint-${number}`);
      await place.configure({ source: { start }, checkpoint: { path } });
      const relay = place.run();
      await relay.until(() => relay.messages().length > 0);
      const { stderr } = await relay.stop();
      expect(stderr).toContain('There is no checkpoint: starts');
      // Accounts and hashes of passwords are no business of the log.
      expect(stderr).not.toMatch(/IDENTIFIED|caching_sha2|hidden-secret/);
      expect(ids(relay.messages())).toEqual([1]);
    }
    await place.configure({
      source: { start: { file, position: position + 7 } },
    });
    expectRefusal(await place.run().outcome(), 78, 'SOURCE_POSITION_INVALID', ['SHOW BINLOG EVENTS IN']);
  });

  it('says that latest leaves out what was before, and goes on at the checkpoint from then on', async () => {
    const { db, place } = await shopPlace();
    await insert(db, 1);
    const first = await place.session(async (relay) => {
      expect(relay.stderr).toContain('source.start: latest');
      await publish(relay, db, 2);
    });
    await insert(db, 3);
    const second = await place.session((relay) => publish(relay, db, 4));
    expect([ids(first), ids(second).toSorted()]).toEqual([[2], [3, 4]]);
  });

  it('never publishes an excluded column or table', async () => {
    const { db, place } = await shopPlace();
    await db.connection.query('CREATE TABLE hidden LIKE t');
    await place.configure({ tables: { exclude: ['*.hidden'], excludeColumns: [`${db.name}.t.PHONE`] } });
    const messages = await place.session(async (relay) => {
      await insert(db, 1);
      await db.connection.query(`INSERT INTO hidden VALUES (1, 'nobody', '555-0199')`);
      await db.connection.query(
        `UPDATE t SET name = 'b', phone = '555-0177'; UPDATE t SET phone = '555-0178'; DELETE FROM t`,
      );
      await relay.until(() => relay.messages().some(({ type }) => type === 'DELETE'));
    });
    expect(messages.map(({ table, type }) => `${table} ${type}`)).toEqual([
      't INSERT',
      't UPDATE',
      't UPDATE',
      't DELETE',
    ]);
    expect(JSON.stringify(messages)).not.toMatch(/phone|555-|nobody/);
  });

  it('publishes JSON lines on stdout and everything else on stderr', async () => {
    const { db, place } = await shopPlace();
    const relay = place.run();
    await relay.reading();
    await publish(relay, db, 1);
    const { stdout, stderr } = await relay.stop();
    expect(
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => Object.keys(JSON.parse(line) as object)),
    ).toEqual([expect.arrayContaining(['data', 'table', 'changes'])]);
    const logged = stderr
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { msg: string });
    expect(logged.at(-1)).toMatchObject({ msg: 'stopped' });
  });

  it('stops at rows that it cannot publish exactly, with code and position, and runs without their table', async () => {
    const { db, place } = await shopPlace();
    await db.connection.query('CREATE TABLE partly LIKE t; INSERT INTO partly VALUES (9, NULL, NULL)');
    const running = place.run();
    await running.reading();
    await publish(running, db, 1);
    // A session may still do what the server's settings forbid.
    await db.connection.query("SET SESSION binlog_row_image = MINIMAL; UPDATE partly SET name = 'x'");
    await db.connection.query('SET SESSION binlog_row_image = FULL');
    const texts = [`${db.name}.partly`, 'at binlog.0', 'SET PERSIST binlog_row_image = FULL', 'until they reconnect'];
    expectRefusal(await running.outcome(), 1, 'ROW_IMAGE_NOT_FULL', texts);
    expectRefusal(await place.run().outcome(), 1, 'ROW_IMAGE_NOT_FULL', texts);
    await place.configure({ tables: { exclude: ['*.partly'] } });
    expect(ids(await place.session((relay) => publish(relay, db, 2)))).toEqual([2]);
  });
});

describe.concurrent('the configuration', () => {
  it('names file, line, column and the nearest key, for everything at once', async () => {
    const { place } = await shopPlace();
    await writeFile(place.config, 'source:\n  hots: db\n  user: relay\n  port: 99999\nsink:\n  type: stdout\n');
    const texts = ['relay.yaml:2:3', 'hots', 'host', 'relay.yaml:4:9', '65535'];
    expectRefusal(await place.run().outcome(), 78, 'CONFIG_INVALID', texts);
    expectRefusal(await place.check(), 78, 'CONFIG_INVALID', texts);
    await writeFile(place.config, 'source:\n  host: [db\n  user: relay\n');
    expectRefusal(await place.run().outcome(), 78, 'CONFIG_INVALID', ['relay.yaml:']);
  });

  it('names the port of the admin server that is in use', async () => {
    const taken = createServer();
    const port = await listen(taken, 0);
    const { place } = await shopPlace({ admin: { port } });
    expectRefusal(await place.run().outcome(), 78, 'ADMIN_PORT_IN_USE', [String(port), 'admin.port', 'ss -ltnp']);
    taken.close();
  });
});

describe.concurrent('the checkpoint', () => {
  it('refuses a folder that cannot be one', async () => {
    const { place } = await shopPlace();
    for (const [path, text] of [
      [join(place.config, 'checkpoint'), 'is a file and not a folder'],
      ['/proc/self/checkpoint', '/proc/self/checkpoint'],
      [join(place.folder, 'no', 'checkpoint'), 'mkdir -p'],
    ] as const) {
      await place.configure({ checkpoint: { path } });
      expectRefusal(await place.run().outcome(), 78, 'CHECKPOINT_NOT_WRITABLE', [path, text]);
      // To root everything looks writable, until it tries.
      if (!path.startsWith('/proc')) expectRefusal(await place.check(), 78, 'CHECKPOINT_NOT_WRITABLE', [path, text]);
    }
  });

  it('falls back to the previous one loudly, and refuses when both are damaged', async () => {
    const { db, place } = await shopPlace();
    await place.session((relay) => publish(relay, db, 1));
    const file = (name: string): string => join(place.checkpoint, name);
    await writeFile(
      file('checkpoint.json'),
      (await readFile(file('checkpoint.json'), 'utf8')).replace('epoch', 'epoxy'),
    );
    await insert(db, 2);
    const relay = place.run();
    await relay.until(() => ids(relay.messages()).includes(2));
    expect((await relay.stop()).stderr).toContain('the newest checkpoint is damaged; going on from the previous one');
    for (const name of ['checkpoint.json', 'checkpoint.previous.json']) await writeFile(file(name), '{"epoch":');
    const texts = [file('checkpoint.json'), file('checkpoint.previous.json'), 'source.start'];
    expectRefusal(await place.run().outcome(), 1, 'CHECKPOINT_DAMAGED', texts);
    expectRefusal(await place.check(), 1, 'CHECKPOINT_DAMAGED', texts);
  });

  it('lets no second relay work on it, and the next one in at once after kill -9', async () => {
    const { db, place } = await shopPlace();
    const first = place.run();
    await first.reading();
    const second = place.run();
    expectRefusal(await second.outcome(), 1, 'SOURCE_LOCKED', ['another relay', 'IS_USED_LOCK', 'connection ']);
    await publish(first, db, 1);
    first.signal('SIGKILL');
    await first.outcome();
    const startMs = performance.now();
    await place.session((relay) => publish(relay, db, 2));
    expect(performance.now() - startMs).toBeLessThan(20_000);
  });
});

describe.concurrent('another reader with the same server id', () => {
  it('ends the relay that was thrown out, with what to change', async () => {
    const [a, b] = [await shopPlace(), await shopPlace()];
    const serverId = 3_000_000_000 + (process.pid % 1_000_000);
    await a.place.configure({ source: { serverId } });
    await b.place.configure({ source: { serverId } });
    const first = a.place.run();
    await first.reading();
    await publish(first, a.db, 1);
    const second = b.place.run();
    const outcome = await Promise.race([first.outcome(), second.outcome()]);
    expectRefusal(outcome, 1, 'SOURCE_SERVER_ID_TAKEN', ['source.serverId']);
    for (const relay of [first, second]) if (!relay.hasEnded) await relay.stop();
  });
});

describe.concurrent('the topic', () => {
  const topicPlace = async (topic: string): Promise<{ db: FreshDatabase; place: Place }> =>
    shopPlace({ sink: { endpoint: sharedRocketmq().endpoint, topic } });

  it('names the command that creates a missing one, and refuses one without order', async () => {
    const { place } = await topicPlace(uniqueName('missing-'));
    expectRefusal(await place.run().outcome(90_000), 78, 'SINK_TOPIC_MISSING', [
      'mqadmin updateTopic',
      '+message.type=FIFO',
    ]);
    expectRefusal(await place.check(), 78, 'SINK_TOPIC_MISSING', ['mqadmin updateTopic', '+message.type=FIFO']);
    const topic = uniqueName('normal-');
    await sharedRocketmq().createTopic(topic, { queues: 2, fifo: false });
    await place.configure({ sink: { endpoint: sharedRocketmq().endpoint, topic } });
    expectRefusal(await place.run().outcome(), 78, 'SINK_TOPIC_NOT_FIFO', [topic, `mqadmin updateTopic`, topic]);
  });

  it('refuses another number of queues until the operator accepts it', async () => {
    const topic = uniqueName('grown-');
    await sharedRocketmq().createTopic(topic, { queues: 2, fifo: true });
    const { place } = await topicPlace(topic);
    await place.session(() => Promise.resolve());
    // The proxy tells a new number only after half a minute, so the checkpoint is made to know another one.
    const store = createFileCheckpointStore(
      { folder: place.checkpoint },
      { logger: pino({ enabled: false }), clock: systemClock },
    );
    const stored = await store.load();
    if (stored === undefined) throw new Error('there is no checkpoint');
    await store.save({ ...stored, queues: 3 });
    const texts = ['queues 3 before, 2 now', '--accept-new-lanes'];
    expectRefusal(await place.check(), 78, 'CHECKPOINT_FOREIGN', texts);
    expectRefusal(await place.run().outcome(), 78, 'CHECKPOINT_FOREIGN', texts);
    await place.session(() => Promise.resolve(), '--accept-new-lanes');
    await place.session(() => Promise.resolve());
  });

  it('refuses the checkpoint of another broker until the operator says that it is the same, and one without a broker once', async () => {
    const topic = uniqueName('moved-');
    await sharedRocketmq().createTopic(topic, { queues: 2, fifo: true });
    const { place } = await topicPlace(topic);
    await place.session(() => Promise.resolve());
    const [, port = ''] = sharedRocketmq().endpoint.split(':');
    const elsewhere = { sink: { endpoint: `localhost:${port}`, topic } };
    await place.configure(elsewhere);
    const texts = [sharedRocketmq().endpoint, `localhost:${port}`, '--accept-new-endpoint'];
    expectRefusal(await place.run().outcome(), 78, 'CHECKPOINT_FOREIGN', texts);
    expectRefusal(await place.check(), 78, 'CHECKPOINT_FOREIGN', texts);
    await place.session(() => Promise.resolve(), '--accept-new-endpoint');
    await place.session(() => Promise.resolve());
    // As an older version left it.
    const store = createFileCheckpointStore(
      { folder: place.checkpoint },
      { logger: pino({ enabled: false }), clock: systemClock },
    );
    const { endpoint, ...older } = (await store.load()) ?? expect.unreachable();
    expect(endpoint).toBe(`localhost:${port}`);
    await store.save(older);
    await place.configure();
    await place.session(() => Promise.resolve());
    await place.configure(elsewhere);
    expectRefusal(await place.run().outcome(), 78, 'CHECKPOINT_FOREIGN', texts);
  });

  it('refuses the checkpoint of another topic', async () => {
    const { place } = await shopPlace();
    await place.session(() => Promise.resolve());
    await place.configure({ sink: { type: 'file', path: join(place.folder, 'changes.jsonl') } });
    expectRefusal(await place.run().outcome(), 78, 'CHECKPOINT_FOREIGN', [
      'stdout',
      'changes.jsonl',
      'checkpoint.path',
    ]);
  });
});

describe('a server of its own', () => {
  let server: MysqlServer;
  let db: FreshDatabase;
  let place: Place;

  beforeAll(async () => {
    server = await startMysql({ own: true, progress: () => undefined });
    db = await freshDatabase({ mysql: server });
    await db.connection.query(TABLE);
    place = await Place.create(server, `${db.name}.*`);
  });
  afterAll(async () => {
    await db.connection.end();
    await server.remove();
  });

  it.each([
    ['binlog_format', 'STATEMENT', 'ROW', true],
    ['binlog_row_image', 'MINIMAL', 'FULL', true],
    // A GLOBAL variable only.
    ['binlog_row_metadata', 'MINIMAL', 'FULL', false],
  ])('refuses %s = %s, and runs after the printed SET PERSIST', async (variable, wrong, right, isOfSessions) => {
    await db.connection.query(`SET GLOBAL ${variable} = '${wrong}'`);
    const outcome = await place.run().outcome();
    expectRefusal(outcome, 78, 'SOURCE_SETTINGS', [`${variable} is ${wrong}, not ${right}`]);
    expect(outcome.stderr.includes('Sessions that are open')).toBe(isOfSessions);
    await db.connection.query(printedSql(outcome, new RegExp(`(SET PERSIST ${variable} = \\w+);`)));
    await place.session(() => Promise.resolve());
  });

  it('shows all settings that are wrong at once', async () => {
    await db.connection.query('SET GLOBAL binlog_row_image = MINIMAL; SET GLOBAL binlog_row_metadata = MINIMAL');
    const outcome = await place.check();
    const wanted = ['SET PERSIST binlog_row_image = FULL', 'SET PERSIST binlog_row_metadata = FULL'];
    expectRefusal(outcome, 78, 'SOURCE_SETTINGS', wanted);
    expect(outcome.stdout.match(/^error /gm)).toHaveLength(2);
    expectRefusal(await place.run().outcome(), 78, 'SOURCE_SETTINGS', wanted);
    await db.connection.query('SET GLOBAL binlog_row_image = FULL; SET GLOBAL binlog_row_metadata = FULL');
  });

  it('names the transactions that the server has removed', async () => {
    await place.session((relay) => publish(relay, db, 1));
    await insert(db, 2);
    await db.connection.query('FLUSH BINARY LOGS');
    await db.connection.query(`PURGE BINARY LOGS TO '${(await head(db.connection)).file}'`);
    const texts = [await value(db.connection, 'SELECT @@server_uuid'), 'source.start', 'binlog_expire_logs_seconds'];
    expectRefusal(await place.run().outcome(), 1, 'BINLOG_PURGED', texts);
    expectRefusal(await place.check(), 1, 'BINLOG_PURGED', texts);
  });

  it('refuses a server that has lost what was published', async () => {
    const other = await Place.create(server, `${db.name}.*`);
    await other.session((relay) => publish(relay, db, 3));
    await db.connection.query('RESET BINARY LOGS AND GTIDS');
    const uuid = await value(db.connection, 'SELECT @@server_uuid');
    expectRefusal(await other.run().outcome(), 1, 'SOURCE_ROLLED_BACK', [uuid, 'new checkpoint folder']);
    // A server that has never heard of them.
    await other.configure({ source: { port: MYSQL.port, host: MYSQL.host } });
    expectRefusal(await other.run().outcome(), 1, 'SOURCE_LACKS_PUBLISHED', [uuid, 'new checkpoint']);
  });
});

it('refuses a server without a binlog', async () => {
  const server = await startMysql({ own: true, flags: ['--skip-log-bin'], progress: () => undefined });
  const place = await Place.create(server, '*.*');
  expectRefusal(await place.run().outcome(), 78, 'SOURCE_SETTINGS', ['log_bin is OFF', '--log-bin']);
  await server.remove();
});

it('reads MySQL 8.0, by file and position, and goes on by GTID once they are turned on', async () => {
  const flags = ['--gtid-mode=OFF', '--enforce-gtid-consistency=ON'];
  const server = await startMysql({ own: true, version: '8.0', flags, progress: () => undefined });
  const db = await freshDatabase({ mysql: server });
  await db.connection.query(TABLE);
  const place = await Place.create(server, `${db.name}.*`);
  expectRefusalFree(await place.check(), 'gtid_mode is OFF');
  const first = await place.session((relay) => publish(relay, db, 1));
  await insert(db, 2);
  const second = await place.session((relay) => publish(relay, db, 3));
  expect([ids(first), ids(second).toSorted()]).toEqual([[1], [2, 3]]);
  for (const mode of ['OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON'])
    await db.connection.query(`SET GLOBAL gtid_mode = ${mode}`);
  await insert(db, 4);
  const third = await place.session((relay) => publish(relay, db, 5));
  expect(ids(third).toSorted()).toEqual([4, 5]);
  await db.connection.end();
  await server.remove();
});

/** Nothing but warnings. */
function expectRefusalFree({ code, stdout }: Outcome, warning: string): void {
  expect(code, stdout).toBe(0);
  expect(stdout).toContain(warning);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** MySQL appears at `port`. */
async function forward(port: number): Promise<Server> {
  const server = createServer((from) => {
    const to = connect(MYSQL.port, MYSQL.host);
    from.on('error', () => to.destroy());
    to.on('error', () => from.destroy());
    from.pipe(to).pipe(from);
  });
  await listen(server, port);
  return server;
}

/** An authority that has signed nothing here. */
const STRANGE_CA = `-----BEGIN CERTIFICATE-----
MIIDDTCCAfWgAwIBAgIUGP+/HYEEJ6U8NkiVrD16RugSYIMwDQYJKoZIhvcNAQEL
BQAwFTETMBEGA1UEAwwKYSBzdHJhbmdlcjAgFw0yNjExMjMxMjEwNTJaGA8yMTI2
MTAzMDEyMTA1MlowFTETMBEGA1UEAwwKYSBzdHJhbmdlcjCCASIwDQYJKoZIhvcN
AQEBBQADggEPADCCAQoCggEBAMLwCAQElnP2eJ0JIORj62yVJtS5LmWvrQ1Y5Xzm
dz1FNMY9sHVc0NCk/0IWsebfsmgElFtY/ypzBsFvf+74NGOJXxarHcLmQ+p75Adz
Cz8JCSlA+/3pTtti9U+rawlm+ACh/Vy7Cd9zjAAr++THfIakcgRIFal3hwTtUq8X
sYKv2VcM632hZJluuBM3aLtQWsqRfCAk+Df+C9BnCBR+SIYzPeAz8B8w2Y7EUdfb
HoZ4Ict4IRydXwZS7GXWWx6P/2hM8ovQowTkNtpAdAM1ViQOtDjQvTMrwSF1sbnq
yaZddv8BEurdvfcPOVv8kNr5LtQEh18QM2+ILVhO4wrujacCAwEAAaNTMFEwHQYD
VR0OBBYEFBeg0fiZJTMZSyT17Zho+A6I8KztMB8GA1UdIwQYMBaAFBeg0fiZJTMZ
SyT17Zho+A6I8KztMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEB
ABBUfku30s/+Mf3mbylCJ4NwsEOZJCuXlgrHIC3ey7q6fP0lhvDoxJsPIUXPRfnB
qtl6biNYEYeRh6YR7/WZUDAT+6y7J70hgyKBWN8hYlBDTq4/EF/bMpoWHZxlhY9/
newY3QV65xiMP+PYT/n06VoIot51OCUA38OfHuqknXeY8OWLI6OL/UdIlrFPNHqN
tCe4+AnCnw7biBo2+EP9Wq+NzY9JGwvTzfVD9lMKf4OdVTJGJgkHf83Qntrmu1hV
hoKihiV1Cs+ZwQ7DiuEl0WcD+rgFZAZBBdmPEyyNFW6DN/+5n/EzgeQCdSKyeZDN
2sVZM45Ift2cFG+LFKvqwR0=
-----END CERTIFICATE-----
`;
