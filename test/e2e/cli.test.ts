/** The command line: help, check, tail and checkpoint, as a newcomer types them. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM } from '../../dev/daemon-process.ts';
import { expectRefusal, parseMessages, Place, printed, program, Program } from '../support/program.ts';
import { freshDatabase, sharedMysql, sharedRocketmq, uniqueName, type FreshDatabase } from '../support/servers.ts';

const MYSQL = sharedMysql();
const SERVER = ['--host', MYSQL.host, '--port', String(MYSQL.port), '--user', MYSQL.relayUser];
const PASSWORD = { MYSQL_PASSWORD: MYSQL.relayPassword };
const COMMANDS = ['run', 'check', 'tail', 'checkpoint', 'acknowledge', 'copy'];

let db: FreshDatabase;
/** What `tail` is to show: other test files have tables of their own. */
let tables: readonly string[];

beforeAll(async () => {
  db = await freshDatabase({ prefix: 'cli' });
  await db.connection.query('CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20))');
  tables = ['--tables', `${db.name}.*`];
});
afterAll(async () => {
  await db.drop();
  expect(printed.filter((text) => text.includes('-secret'))).toEqual([]);
});

describe.concurrent('help', () => {
  it('explains each command, with examples', async () => {
    const general = await program(['--help']);
    expect(general).toMatchObject({ code: 0, stderr: '' });
    for (const command of COMMANDS) expect(general.stdout).toContain(`\n  ${command} `);
    await Promise.all(
      COMMANDS.map(async (command) => {
        const { code, stdout, stderr } = await program([command, '--help']);
        expect([code, stderr]).toEqual([0, '']);
        expect(stdout).toMatch(
          new RegExp(`Usage: binlog-relay ${command}[^]*Examples:\n  (MYSQL_PASSWORD=\\S+ )?binlog-relay ${command}`),
        );
      }),
    );
    expect(await program(['help', 'tail'])).toEqual(await program(['tail', '--help']));
  });

  it.each([[['--help']], [['tail', '--help']], [['--version']]])('%j minds no reader that has left', async (args) => {
    const started = new Program(args);
    started.hangUp();
    expect(await started.outcome()).toMatchObject({ code: 0, stderr: '' });
  });

  it('tells its version', async () => {
    expect((await program(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], ['Usage: binlog-relay <command>']],
    [['chekc'], ['there is no command chekc: did you mean check?', 'binlog-relay --help']],
    [
      ['run', '--confg', 'x'],
      ["Unknown option '--confg': did you mean --config?", 'binlog-relay run --help'],
    ],
    [['run', 'my.yaml'], ['binlog-relay run --config my.yaml']],
    [
      ['run', '--config'],
      ['--config', 'argument missing'],
    ],
    [
      ['run', '--config', '/none.yaml'],
      ['/none.yaml', '--config'],
    ],
    [['checkpoint'], ['binlog-relay checkpoint show']],
    [
      ['run', '--skip', '23'],
      ['--skip "23" names no transaction', '--skip binlog.000042:4711'],
    ],
    [['acknowledge', '7', '--all'], ['an id and --all']],
    [['copy'], ['no table to copy', '--list']],
    [['copy', 'shop.orders', '--cancel', '1'], ['more than one thing to do']],
    [
      ['checkpoint', 'shwo'],
      ['shwo', 'binlog-relay checkpoint show'],
    ],
    [['tail'], ['--host is missing', 'binlog-relay tail --help']],
    [
      ['tail', '--host', 'h', '--user', 'u', '--port', '0'],
      ['--port', '1 to 65535'],
    ],
    [
      ['tail', '--host', 'h', '--user', 'u', '--tls', 'yes'],
      ['--tls', 'verify-ca'],
    ],
    [
      ['tail', '--host', 'h', '--user', 'u', '--tables', 'shop'],
      ['"shop"', "--tables 'shop.*'"],
    ],
    [['tail', '--host', 'h', '--user', 'u', '--password', 'my-secret'], ['MYSQL_PASSWORD']],
    [['tail', 'my-secret', '--host', 'h', '--user', 'u'], ['binlog-relay tail --help']],
    [
      ['tail', '--host', 'h', '--user', 'u'],
      ['no password for u', 'MYSQL_PASSWORD'],
    ],
  ])('answers %j with what was meant', async (args, texts) => {
    const code = args.length === 0 ? 'Usage' : args.includes('/none.yaml') ? 'CONFIG_INVALID' : 'USAGE';
    expectRefusal(await program(args), 78, code, texts);
  });
});

describe('check', () => {
  it('finds nothing but warnings on a clean server', async () => {
    const place = await Place.create(MYSQL, `${db.name}.*`);
    const { code, stdout, stderr } = await place.check();
    expect([code, stderr], stdout).toEqual([0, '']);
    for (const part of ['configuration', 'checkpoint', 'sink', 'source'])
      expect(stdout).toMatch(new RegExp(`^ok +${part} `, 'm'));
    expect(stdout).toContain('source.password: stands in the file in clear');
    expect(stdout).toContain('There is no checkpoint');
    await chmod(place.config, 0o600);
    expect((await place.check()).stdout).not.toContain('chmod');
  });

  it('shows everything that is wrong at once', async () => {
    const user = uniqueName('u');
    const other = await freshDatabase({ prefix: 'cli' });
    await other.connection.query(
      `CREATE TABLE log (line VARCHAR(9));
       CREATE USER ${user} IDENTIFIED BY 'check-secret'; GRANT REPLICATION CLIENT, SELECT ON *.* TO ${user}`,
    );
    const topic = uniqueName('missing-');
    const place = await Place.create(MYSQL, `${other.name}.*`, {
      sink: { endpoint: sharedRocketmq().endpoint, topic },
    });
    await place.configure({
      source: { user, password: 'check-secret' },
      checkpoint: { path: join(place.config, 'below') },
    });
    const outcome = await place.check();
    expectRefusal(outcome, 78, 'CHECKPOINT_NOT_WRITABLE', [
      `SINK_TOPIC_MISSING: rocketmq topic ${topic}`,
      'mqadmin updateTopic',
      'SOURCE_GRANT_MISSING',
      `GRANT REPLICATION SLAVE ON *.* TO '${user}'@'%';`,
      `Tables without a primary key: ${other.name}.log`,
    ]);
    expect(outcome.stdout.match(/^error /gm)).toHaveLength(3);
    await other.connection.query(`DROP USER ${user}`);
    await other.drop();
  });

  it('is quiet about a server that is away, and says so once', async () => {
    const place = await Place.create({ ...MYSQL, port: 1 }, 'x.*');
    expectRefusal(await place.check(), 1, 'SOURCE_UNREACHABLE', ['ECONNREFUSED', 'source.port']);
  });
});

describe('tail', () => {
  const change = (): Promise<unknown> =>
    db.connection.query(
      "INSERT INTO t VALUES (1, 'a\\n\\'b'), (2, NULL); UPDATE t SET name = 'c' WHERE id = 1; DELETE FROM t WHERE id = 2; DELETE FROM t",
    );

  it('shows changes, one a line, to several at the same time, and ends on SIGINT', async () => {
    const [lines, json] = [
      new Program(['tail', ...SERVER, ...tables], PASSWORD),
      new Program(['tail', ...SERVER, ...tables, '--json'], PASSWORD),
    ];
    await Promise.all(
      [lines, json].map((tail) => tail.until(() => tail.stderr.includes('starts with the next transaction'))),
    );
    await change();
    await lines.until(() => lines.stdout.split('DELETE').length > 2);
    await json.until(() => json.messages().flatMap(({ data }) => data).length > 4);
    for (const tail of [lines, json]) tail.signal('SIGINT');
    const [shown, published] = await Promise.all([lines.outcome(), json.outcome()]);
    expect([shown.code, published.code]).toEqual([0, 0]);
    const t = `${db.name}.t`;
    expect(shown.stdout.split('\n')).toEqual([
      `INSERT ${t} id="1"  name="a\\n'b"`,
      `INSERT ${t} id="2"  name=NULL`,
      `UPDATE ${t} id="1"  name: "a\\n'b" -> "c"`,
      `DELETE ${t} id="2"  name=NULL`,
      `DELETE ${t} id="1"  name="c"`,
      '',
    ]);
    expect(parseMessages(published.stdout).flatMap(({ type, data }) => data.map(() => type))).toEqual([
      'INSERT',
      'INSERT',
      'UPDATE',
      'DELETE',
      'DELETE',
    ]);
  });

  it('starts with the oldest binlog when asked, leaves tables out, and ends when nobody reads', async () => {
    await db.connection.query('CREATE TABLE noise LIKE t; INSERT INTO noise VALUES (1, NULL)');
    const tail = new Program(['tail', ...SERVER, ...tables, '--exclude', '*.noise', '--from', 'earliest'], PASSWORD);
    await change();
    await tail.until(() => tail.stdout.includes('DELETE'));
    expect(tail.stdout).not.toContain('noise');
    tail.hangUp();
    await change();
    await change();
    expect((await tail.outcome()).code).toBe(0);
  });

  it('refuses a wrong password', async () => {
    const outcome = await program(['tail', ...SERVER, ...tables], { MYSQL_PASSWORD: 'wrong-secret' });
    expectRefusal(outcome, 78, 'SOURCE_ACCESS_DENIED', ['1045', 'MYSQL_PASSWORD']);
  });
});

describe.skipIf(!existsSync('/usr/bin/script'))('tail in a terminal', () => {
  it('asks for the password without showing it', async () => {
    const terminal = new Terminal(['tail', ...SERVER, ...tables]);
    await terminal.until('Password of relay: ');
    terminal.type(`${MYSQL.relayPassword}\r`);
    await terminal.until('starts with the next transaction');
    await db.connection.query("INSERT INTO t VALUES (7, 'seven'); DELETE FROM t");
    await terminal.until('name="seven"');
    terminal.type('\x03');
    expect(await terminal.exited).toBe(0);
    expect(terminal.screen).not.toContain('secret');
  });

  it('ends when it is given none', async () => {
    const terminal = new Terminal(['tail', ...SERVER]);
    await terminal.until('Password of relay: ');
    terminal.type('\x03');
    expect(await terminal.exited).toBe(78);
    expect(terminal.screen).toContain('no password was given');
  });
});

describe('checkpoint show', () => {
  it('prints the checkpoint, by configuration or by folder, and ends with 1 when there is none', async () => {
    const place = await Place.create(MYSQL, `${db.name}.*`);
    expectRefusal(await program(['checkpoint', 'show', '--config', place.config]), 1, 'CHECKPOINT_MISSING', [
      place.checkpoint,
      'checkpoint.path',
    ]);
    await place.session(() => Promise.resolve());
    const byConfig = await program(['checkpoint', 'show', '--config', place.config]);
    const byFolder = await program(['checkpoint', 'show', '--path', place.checkpoint]);
    expect(byConfig).toEqual(byFolder);
    expect(JSON.parse(byConfig.stdout)).toMatchObject({ epoch: 1, destination: 'stdout', ordering: 'key' });
    expect([byConfig.code, byConfig.stderr]).toEqual([0, '']);
    expectRefusal(await program(['checkpoint', 'show', '--path', place.folder]), 1, 'CHECKPOINT_MISSING', []);
  });
});

/** A pseudo terminal; what is typed goes to it. */
class Terminal {
  screen = '';
  readonly exited: Promise<number | null>;
  readonly #child;

  constructor(args: readonly string[]) {
    const command = `exec ${[PROGRAM, ...args].map((word) => `'${word}'`).join(' ')}`;
    this.#child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      env: { PATH: process.env['PATH'] },
    });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.screen += chunk.toString()));
    this.exited = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)));
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  async until(text: string): Promise<void> {
    const deadlineMs = performance.now() + 20_000;
    while (!this.screen.includes(text)) {
      if (performance.now() > deadlineMs) throw new Error(`${text} did not come: ${this.screen}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}
