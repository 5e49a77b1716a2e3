import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { MYSQL_CHECKPOINT, parse, problems, readFrom, REQUIRED } from '../../support/config.ts';

describe('what is written', () => {
  it('gets every default', () => {
    expect(parse(REQUIRED)).toEqual({
      source: {
        hosts: [{ host: 'mysql', port: 3306 }],
        user: 'relay',
        password: '',
        tls: { mode: 'preferred' },
        start: 'latest',
        heartbeatMs: 10_000,
        connectTimeoutMs: 10_000,
        section: 'source',
      },
      tables: { include: ['*.*'], exclude: [], excludeColumns: [] },
      sink: {
        type: 'rocketmq',
        endpoint: 'rocketmq:8081',
        endpoints: ['rocketmq:8081'],
        topic: 'order-binlog',
        namespace: '',
        tls: { enabled: false },
        sendTimeoutMs: 10_000,
        messageKeys: 'auto',
      },
      publish: {
        format: 'canal-json',
        oversize: 'fail',
        partialRows: 'fail',
        invalidText: 'fail',
        timeZone: 'UTC',
        binary: 'base64',
      },
      ordering: 'key',
      ddl: 'warn',
      ha: 'single',
      limits: { heldBytes: 16 << 20, messageBytes: 256 << 10, lanes: 8, requestsPerSecond: 500, stopTimeoutMs: 5_000 },
      copy: {
        chunkMs: 500,
        chunkBytes: 8 << 20,
        maxThreadsRunning: 64,
        maxHistoryList: 1_000_000,
        rest: 1,
        isExact: false,
      },
      checkpoint: { type: 'file', path: './checkpoint', shared: false, intervalMs: 1_000 },
      admin: { enabled: true, host: '127.0.0.1', port: 8686, hosts: [], maxTables: 200 },
      log: { level: 'info', format: 'auto' },
    });
  });

  it('becomes milliseconds and bytes', () => {
    const { limits, checkpoint } = parse(
      `${REQUIRED}limits: { heldBytes: 1GiB, messageBytes: 1MiB, stopTimeout: 0 }\ncheckpoint: { interval: 250ms }\n`,
    );
    expect(limits).toEqual({
      heldBytes: 1 << 30,
      messageBytes: 1 << 20,
      lanes: 8,
      requestsPerSecond: 500,
      stopTimeoutMs: 0,
    });
    expect(checkpoint.intervalMs).toBe(250);
  });

  it.each([
    ['latest', 'latest'],
    ['earliest', 'earliest'],
    ['{ file: binlog.000042, position: 4 }', { file: 'binlog.000042', position: 4 }],
    [
      "{ gtidSet: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7:tag:3, 3e11fa47-71ca-11e1-9e33-c80aa9429563:1' }",
      { gtidSet: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7:tag:3,3e11fa47-71ca-11e1-9e33-c80aa9429563:1' },
    ],
  ])('start: %s', (written, start) => {
    expect(parse(REQUIRED.replace('sink:', `  start: ${written}\nsink:`)).source.start).toEqual(start);
  });

  it.each([
    ['{ type: stdout }', { type: 'stdout' }],
    ['{ type: file, path: ./changes.jsonl }', { type: 'file', path: './changes.jsonl' }],
  ])('sink: %s', (written, sink) => {
    expect(parse(`source: { host: mysql, user: relay }\nsink: ${written}\n`).sink).toEqual(sink);
  });

  it('takes how tables are copied, a share of the time among it', () => {
    const { source, copy } = parse(
      `${REQUIRED}copy: { chunkTime: 10ms, chunkBytes: 64KiB, maxThreadsRunning: 8, maxHistoryList: 5000, rest: 0.5, exact: true }\n`.replace(
        'source:\n',
        'source:\n  start: copy\n',
      ),
    );
    expect(source.start).toBe('copy');
    expect(copy).toEqual({
      chunkMs: 10,
      chunkBytes: 64 << 10,
      maxThreadsRunning: 8,
      maxHistoryList: 5000,
      rest: 0.5,
      isExact: true,
    });
    expect(parse(`${REQUIRED}copy: { rest: '\${REST}' }\n`, { env: { REST: '2.5' } }).copy.rest).toBe(2.5);
  });

  it('takes how long the server has to keep its binlog', () => {
    expect(parse(REQUIRED).source).not.toHaveProperty('runwayWarningMs');
    for (const [written, ms] of [
      ['12h', 43_200_000],
      ['0', 0],
    ])
      expect(parse(REQUIRED.replace('sink:', `  runwayWarning: ${written}\nsink:`)).source.runwayWarningMs).toBe(ms);
  });

  it('takes from source what copy.source leaves out', () => {
    const outside = { env: {}, files: { '/p': 'secret', '/q': 'other' } };
    const own = REQUIRED.replace('user: relay', 'user: relay\n  password: file:/p\n  port: 3307');
    expect(parse(own, outside).copy.source).toBeUndefined();
    expect(parse(`${own}copy: { source: { host: replica } }\n`, outside).copy.source).toEqual({
      host: 'replica',
      port: 3307,
      user: 'relay',
      password: 'secret',
      passwordFile: '/p',
      tls: { mode: 'preferred' },
      connectTimeoutMs: 10_000,
      section: 'copy.source',
    });
    const full =
      'copy: { source: { host: r, port: 1, user: u, password: file:/q, tls: { mode: required }, connectTimeout: 2s } }\n';
    expect(parse(own + full, outside).copy.source).toEqual({
      host: 'r',
      port: 1,
      user: 'u',
      password: 'other',
      passwordFile: '/q',
      tls: { mode: 'required' },
      connectTimeoutMs: 2000,
      section: 'copy.source',
    });
    const clear = parse(`${own}copy: { source: { user: u, password: '' } }\n`, outside).copy.source;
    expect(clear).toMatchObject({ user: 'u', password: '' });
    expect(clear).not.toHaveProperty('passwordFile');
  });

  it.each([
    ['off', undefined],
    ['5s', 5000],
    ["'${PROGRESS:-1m}'", 60_000],
  ])('publish.progress: %s', (written, ms) => {
    expect(parse(`${REQUIRED}publish: { progress: ${written} }\n`).publish.progressMs).toBe(ms);
  });

  it('has one lane with ordering total', () => {
    expect(parse(`${REQUIRED}ordering: total\n`).limits.lanes).toBe(1);
    expect(parse(`${REQUIRED}ordering: table\n`).limits.lanes).toBe(8);
  });
});

describe('what comes from outside', () => {
  it('is taken from the environment, numbers and booleans too', () => {
    const config = parse(
      `${REQUIRED}admin:\n  enabled: \${ADMIN}\n  port: \${PORT:-9000}\n  host: "\${A}.\${B}"\nlog: { level: "\${LEVEL}" }\n`,
      { env: { ADMIN: 'false', A: 'a', B: 'b', LEVEL: 'debug' } },
    );
    expect(config.admin).toEqual({ enabled: false, port: 9000, host: 'a.b', hosts: [], maxTables: 200 });
    expect(config.log.level).toBe('debug');
  });

  it('keeps a password of digits from the environment as text', () => {
    const text = REQUIRED.replace('sink:', '  password: ${PASSWORD}\nsink:');
    expect(parse(text, { env: { PASSWORD: '0123' } }).source.password).toBe('0123');
  });

  it('remembers where secrets stand, to read them again whenever they are used', () => {
    const text = REQUIRED.replace('host: mysql', 'host: mysql\n  password: file:/run/secret');
    const { source } = parse(text, { files: { '/run/secret': 'pw\n' } });
    expect(source).toMatchObject({ password: 'pw', passwordFile: '/run/secret' });
    expect(parse(REQUIRED).source).not.toHaveProperty('passwordFile');
    const mysqlx = `checkpoint:\n  type: mysqlx\n  host: db\n  user: keeper\n  password: file:/run/x\n  schema: s\n  name: n\n`;
    expect(parse(`${REQUIRED}${mysqlx}`, { files: { '/run/x': 'xp' } }).checkpoint).toMatchObject({
      password: 'xp',
      passwordFile: '/run/x',
    });
  });

  it('takes a token that a header can hold and nobody guesses', () => {
    const token = (text: string): string => `${REQUIRED}admin:\n  token: "${text}"\n`;
    const files = { '/run/token': '0123456789abcdef\n' };
    expect(parse(token('file:/run/token'), { files }).admin).toMatchObject({
      token: '0123456789abcdef',
      tokenFile: '/run/token',
    });
    expect(problems(token('0123456789abcde'))).toEqual([
      '7:10: admin.token: is shorter than 16 characters: make one with openssl rand -hex 32',
    ]);
    expect(problems(token('0123456789abcde"'.replace('"', '\u00e9')))).toEqual([
      expect.stringContaining('admin.token: holds a character that no bearer token may have'),
    ]);
  });

  it('gives the checkpoint in a table its defaults', () => {
    expect(parse(`${REQUIRED}${MYSQL_CHECKPOINT}`).checkpoint).toEqual({
      type: 'mysql',
      host: 'ops',
      port: 3306,
      user: 'keeper',
      password: '',
      tls: { mode: 'required' },
      database: 'relay',
      table: 'binlog_relay_checkpoints',
      name: 'orders',
      intervalMs: 1000,
    });
  });

  it('reads secrets from files, without the last line end', () => {
    const text = `${REQUIRED}  accessKey: file:/run/\${NAME}\n  accessSecret: file:/run/secret\n`;
    const files = { '/run/key': 'relay\r\n', '/run/secret': 's3cret\n' };
    expect(parse(text, { env: { NAME: 'key' }, files }).sink).toMatchObject({
      accessKey: 'relay',
      accessKeyFile: '/run/key',
      accessSecret: 's3cret',
      accessSecretFile: '/run/secret',
    });
  });

  it('takes no other key, and no value of the environment, for a file', () => {
    expect(problems(REQUIRED.replace('host: mysql', 'host: file:/x'))).toEqual([
      '2:9: source.host: "file:/x" is not one host name or address',
    ]);
    const text = REQUIRED.replace('sink:', '  password: ${PASSWORD}\nsink:');
    expect(parse(text, { env: { PASSWORD: 'file:/etc/passwd' } }).source.password).toBe('file:/etc/passwd');
  });
});

describe('loadConfig', () => {
  it('reads the file', () => {
    const readFile = (path: string): string => readFrom({ '/etc/relay.yaml': REQUIRED }, path);
    expect(loadConfig('/etc/relay.yaml', { env: {}, readFile }).source.hosts).toEqual([{ host: 'mysql', port: 3306 }]);
    expect(() => loadConfig('/etc/none.yaml', { env: {}, readFile })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: '/etc/none.yaml: cannot be read (ENOENT)' }),
    );
  });

  it('names the file in every line', () => {
    const readFile = (): string => 'nope: 1\n';
    expect(() => loadConfig('a.yaml', { env: {}, readFile })).toThrow(
      expect.objectContaining({
        message:
          'a.yaml:1:1: nope: unknown key; allowed here: source, tables, sink, publish, ordering, ddl, ha, limits, copy, checkpoint, admin, log\n' +
          'a.yaml:1:1: sink: is missing\na.yaml:1:1: source: is missing',
        code: 'CONFIG_INVALID',
      }),
    );
  });
});
