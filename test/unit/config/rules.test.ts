import { describe, expect, it } from 'vitest';
import { MYSQL_CHECKPOINT, MYSQLX, problems, REQUIRED } from '../../support/config.ts';

const files = {
  '/ca.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  '/key.pem': '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n',
  '/rsa.pem': '-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n',
  '/locked.pem': '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n',
};

function withSource(tls: string): readonly string[] {
  return problems(REQUIRED.replace('sink:', `  tls: ${tls}\nsink:`), { files });
}

function added(text: string): readonly string[] {
  return problems(REQUIRED + text, { files });
}

describe('source.hosts', () => {
  const withHosts = (keys: string, more = ''): readonly string[] =>
    problems(REQUIRED.replace('  host: mysql\n', keys).concat(more));

  it.each([
    '  hosts: [a, b:3307]\n',
    '  hosts: [a]\n',
    '  hosts: [a]\n  start: { file: binlog.000001, position: 4 }\n',
  ])('%s is good', (keys) => {
    expect(withHosts(keys)).toEqual([]);
  });

  it.each([
    [
      '  host: a\n  hosts: [b]\n',
      [
        '2:9: source.host: "a" stands beside source.hosts: write source.host and source.port, or source.hosts with host:port, not both',
      ],
    ],
    [
      '  port: 3307\n  hosts: [b]\n',
      [
        '2:9: source.port: 3307 stands beside source.hosts: write source.host and source.port, or source.hosts with host:port, not both',
      ],
    ],
    ['  hosts: [a, b, "a:3306"]\n', ['2:10: source.hosts: names a:3306 twice: remove one']],
    ['  hosts: []\n', ['2:10: source.hosts: must name at least one server']],
    [
      '  hosts: [a, b]\n  start: { file: binlog.000001, position: 4 }\n',
      [
        '3:10: source.start: is a file, which each of source.hosts has another one of: write gtidSet, or name one server',
      ],
    ],
    ['', ['1:1: source.host: is missing']],
  ])('%s', (keys, expected) => {
    expect(withHosts(keys)).toEqual(expected);
  });

  it('leave open where a copy reads', () => {
    expect(withHosts('  hosts: [a, b]\n', 'copy:\n  source: { port: 3307 }\n')).toEqual([
      expect.stringMatching(
        /copy.source.host: is missing: source.hosts names several servers, and a copy reads of one/,
      ),
    ]);
  });
});

describe('source.tls', () => {
  it.each([
    '{ mode: verify-ca, ca: /ca.pem }',
    '{ mode: verify-identity, ca: /ca.pem, cert: /ca.pem, key: /key.pem }',
    '{ mode: required, cert: /ca.pem, key: /rsa.pem }',
    '{ mode: verify-identity }',
  ])('%s is good', (tls) => {
    expect(withSource(tls)).toEqual([]);
  });

  it.each([
    [
      '{ mode: required, ca: /ca.pem }',
      '4:30: source.tls.ca: "/ca.pem" is not looked at in mode required: set mode to verify-identity or verify-ca, or remove ca',
    ],
    ['{ cert: /ca.pem }', '4:16: source.tls.cert: "/ca.pem" needs key beside it: the private key of the certificate'],
    ['{ key: /key.pem }', '4:15: source.tls.key: "/key.pem" needs cert beside it: the certificate of the private key'],
    [
      '{ mode: disabled, cert: /ca.pem, key: /key.pem }',
      '4:32: source.tls.cert: "/ca.pem" is not used in mode disabled: choose another mode, or remove cert and key',
    ],
    ['{ mode: verify-ca, ca: /none.pem }', '4:31: source.tls.ca: "/none.pem" cannot be read (ENOENT)'],
    [
      '{ mode: verify-ca, ca: /key.pem }',
      '4:31: source.tls.ca: "/key.pem" is not a PEM file with a line -----BEGIN CERTIFICATE-----',
    ],
    [
      '{ cert: /ca.pem, key: /ca.pem }',
      '4:30: source.tls.key: "/ca.pem" is not a PEM file with a line -----BEGIN PRIVATE KEY-----',
    ],
    [
      '{ cert: /ca.pem, key: /locked.pem }',
      '4:30: source.tls.key: "/locked.pem" has a passphrase, which the relay cannot enter: write it without one (openssl pkey)',
    ],
  ])('%s', (tls, expected) => {
    expect(withSource(tls)).toEqual([expected]);
  });
});

describe('ha: standby', () => {
  it('takes a checkpoint that all relays reach', () => {
    expect(added(`ha: standby\n${MYSQL_CHECKPOINT}`)).toEqual([]);
    expect(added(`ha: standby\n${MYSQLX}`)).toEqual([]);
    expect(added('ha: standby\ncheckpoint: { path: /shared, shared: true }\n')).toEqual([]);
    expect(added('ha: single\ncheckpoint: { path: /shared, shared: true }\n')).toEqual([]);
  });

  it('does not take a folder that nobody says is shared, nor a file as sink', () => {
    expect(added('ha: standby\n')).toEqual([
      expect.stringMatching(/^\d+:5: ha: "standby" needs a checkpoint that all relays reach: checkpoint.type mysql/),
    ]);
    const toFile = `source: { host: a, user: b }\nsink: { type: file, path: x }\nha: standby\n${MYSQL_CHECKPOINT}`;
    expect(problems(toFile)).toEqual([expect.stringContaining('sink.type: "file" cannot be kept by two relays')]);
  });
});

describe('checkpoint.tls', () => {
  it.each(['{ mode: required }', '{ mode: verify-ca, ca: /ca.pem }', '{ mode: verify-identity, ca: /ca.pem }'])(
    '%s is good',
    (tls) => {
      expect(added(`${MYSQLX}  tls: ${tls}\n`)).toEqual([]);
    },
  );

  it.each([
    [
      '{ ca: /ca.pem }',
      '12:14: checkpoint.tls.ca: "/ca.pem" is not looked at in mode required: set mode to verify-identity or verify-ca, or remove ca',
    ],
    [
      '{ mode: verify-identity }',
      '12:16: checkpoint.tls.mode: "verify-identity" needs ca beside it: the authority that signed the certificate',
    ],
    [
      '{ mode: verify-ca, ca: /key.pem }',
      '12:31: checkpoint.tls.ca: "/key.pem" is not a PEM file with a line -----BEGIN CERTIFICATE-----',
    ],
  ])('%s', (tls, expected) => {
    expect(added(`${MYSQLX}  tls: ${tls}\n`)).toEqual([expected]);
  });
});

describe('checkpoint.tls of type mysql', () => {
  it.each([
    '{ mode: disabled }',
    '{ mode: verify-identity }',
    '{ mode: verify-ca, ca: /ca.pem, cert: /ca.pem, key: /key.pem }',
  ])('%s is good', (tls) => {
    expect(added(`${MYSQL_CHECKPOINT}  tls: ${tls}\n`)).toEqual([]);
  });

  it.each([
    [
      '{ ca: /ca.pem }',
      '12:14: checkpoint.tls.ca: "/ca.pem" is not looked at in mode required: set mode to verify-identity or verify-ca, or remove ca',
    ],
    [
      '{ key: /key.pem }',
      '12:15: checkpoint.tls.key: "/key.pem" needs cert beside it: the certificate of the private key',
    ],
    [
      '{ cert: /key.pem, key: /key.pem }',
      '12:16: checkpoint.tls.cert: "/key.pem" is not a PEM file with a line -----BEGIN CERTIFICATE-----',
    ],
  ])('%s', (tls, expected) => {
    expect(added(`${MYSQL_CHECKPOINT}  tls: ${tls}\n`)).toEqual([expected]);
  });
});

describe('sink', () => {
  it('needs accessKey and accessSecret together', () => {
    expect(added('  accessKey: k\n')).toEqual(['6:14: sink.accessKey: needs accessSecret beside it']);
    expect(added('  accessSecret: s\n')).toEqual(['6:17: sink.accessSecret: needs accessKey beside it']);
    expect(added('  accessKey: k\n  accessSecret: s\n')).toEqual([]);
  });

  it('needs tls.enabled for tls.ca', () => {
    expect(added('  tls: { ca: /ca.pem }\n')).toEqual([
      '6:14: sink.tls.ca: "/ca.pem" is not used while tls.enabled is false: set it to true, or remove ca',
    ]);
    expect(added('  tls: { enabled: true, ca: /ca.pem }\n')).toEqual([]);
    expect(added('  tls: { enabled: true, ca: /none.pem }\n')).toEqual([
      '6:29: sink.tls.ca: "/none.pem" cannot be read (ENOENT)',
    ]);
  });

  it('does not write into the folder of the checkpoint', () => {
    const text = (path: string): string =>
      `source: { host: a, user: b }\nsink: { type: file, path: ${path} }\ncheckpoint: { path: data }\n`;
    const inside = 'lies in the folder of the checkpoint: choose a place outside of it';
    expect(problems(text('./data/changes.jsonl'))).toEqual([`2:27: sink.path: "./data/changes.jsonl" ${inside}`]);
    expect(problems(text('data'))).toEqual([`2:27: sink.path: "data" ${inside}`]);
    expect(problems(text('data.jsonl'))).toEqual([]);
    expect(problems(text('../data/x'))).toEqual([]);
  });
});

describe('tables', () => {
  it.each([
    [
      "include: ['mysql.*']",
      '7:13: tables.include[0]: "mysql.*" names the system schema mysql, which is never published',
    ],
    [
      "{ include: ['a.b'], exclude: ['a.b'] }",
      '6:21: tables.include[0]: "a.b" stands under exclude as well, so it publishes nothing: remove one of the two',
    ],
    ["exclude: ['*.*']", '7:13: tables.exclude[0]: "*.*" excludes every table: nothing would be published'],
    [
      "excludeColumns: ['a.b.*']",
      '7:20: tables.excludeColumns[0]: "a.b.*" leaves out every column: exclude the table instead, under exclude',
    ],
  ])('%s', (tables, expected) => {
    expect(added(`tables:${tables.startsWith('{') ? ' ' : '\n  '}${tables}\n`)).toEqual([expected]);
  });

  it('may exclude part of what it includes', () => {
    expect(
      added("tables: { include: ['a.*', '*.b'], exclude: ['a.tmp*'], excludeColumns: ['*.*.phone', 'a.b.`*`'] }\n"),
    ).toEqual([]);
  });
});

describe('limits', () => {
  it('hold two messages for each lane', () => {
    expect(added('limits: { heldBytes: 4MiB, messageBytes: 256KiB, lanes: 8 }\n')).toEqual([]);
    expect(added('limits: { heldBytes: 4MB, messageBytes: 256KiB, lanes: 8 }\n')).toEqual([
      '6:22: limits.heldBytes: "4MB" is less than 2 × lanes × messageBytes = 2 × 8 × 256KiB = 4MiB: raise it, or lower one of them',
    ]);
  });

  it('tell of the default when the file does not name heldBytes', () => {
    expect(added('limits: { messageBytes: 1MiB, lanes: 64 }\n')).toEqual([
      '6:1: limits.heldBytes: is less than 2 × lanes × messageBytes = 2 × 64 × 1MiB = 128MiB: raise it, or lower one of them',
    ]);
  });

  it('have one lane with ordering total', () => {
    expect(added('ordering: total\nlimits: { lanes: 1 }\n')).toEqual([]);
    expect(added('ordering: total\nlimits: { lanes: 4 }\n')).toEqual([
      '7:18: limits.lanes: 4 must be 1, or left out, with ordering total: the whole commit order is one lane',
    ]);
  });
});

describe('ddl', () => {
  it.each(['warn', 'stop', 'inline', '{ topic: order-ddl }'])('%s is good', (ddl) => {
    expect(added(`ddl: ${ddl}\n`)).toEqual([]);
  });

  it('takes no other word', () => {
    expect(added('ddl: publish\n')).toEqual([
      '6:6: ddl: "publish" must be warn, stop, inline, or a mapping with topic',
    ]);
    expect(added('ddl: { topics: x }\n').join()).toContain('ddl.topics: unknown key (did you mean topic?)');
    expect(added('ddl: { topic: a b }\n').join()).toContain('ddl.topic');
  });

  it('has a topic of its own, in RocketMQ', () => {
    expect(added('ddl: { topic: order-binlog }\n')).toEqual([
      '6:15: ddl.topic: "order-binlog" is the topic of the rows: give the statements one of their own, or set ddl to inline',
    ]);
    expect(problems(REQUIRED.replace(/sink:[^]*$/, 'sink:\n  type: stdout\nddl: { topic: x }\n'), { files })).toEqual([
      expect.stringContaining('ddl.topic: "x" needs sink.type rocketmq: with stdout set ddl to inline'),
    ]);
  });
});

describe('publish.format', () => {
  it.each(['debezium-json', 'maxwell-json'])('%s is refused with what has no meaning there', (format) => {
    const publish = `publish: { format: ${format}, progress: 1s }\n`;
    expect(added(`${publish}ddl: { topic: order-ddl }\n`)).toEqual([]);
    expect(added(`${publish}ddl: inline\nlimits: { requestsPerSecond: 10 }\n`)).toEqual([
      `7:6: ddl: "inline" puts statements among the rows, where readers of ${format} expect changes of rows alone: choose warn, stop, or a topic of their own, ddl: { topic: … }`,
      `8:30: limits.requestsPerSecond: 10 has no effect with publish.format ${format}: each row is a request of its own, and would only wait. Remove it`,
    ]);
  });

  it('is one of three', () => {
    expect(added('publish: { format: canal }\n').join()).toContain('publish.format: "canal" is not one of canal-json');
  });
});

describe('publish.progress', () => {
  it.each([
    ['999ms', 'is out of range: allowed is 1s to 1h, or off'],
    ['0', 'is out of range: allowed is 1s to 1h, or off'],
    ['often', 'is not a duration: write a whole number and its unit, such as 500ms, 10s, 2m or 1h, or off'],
  ])('%s is refused', (written, problem) => {
    const shown = written === '0' ? written : `"${written}"`;
    expect(added(`publish: { progress: ${written} }\n`)).toEqual([`6:22: publish.progress: ${shown} ${problem}`]);
  });

  it('may take a tenth of the requests', () => {
    const limits = 'limits: { requestsPerSecond: 10, lanes: 8 }\n';
    expect(added(`publish: { progress: 8s }\n${limits}`)).toEqual([]);
    expect(added(`publish: { progress: 7s }\n${limits}`)).toEqual([
      '6:22: publish.progress: "7s" is too often for 8 lanes and 10 requests a second, which rows need: allowed is 8s or more, or raise limits.requestsPerSecond',
    ]);
    expect(added(`publish: { progress: 1s }\nordering: total\n`)).toEqual([]);
  });
});
