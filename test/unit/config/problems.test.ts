/** src/config/load.ts and what it finds wrong: issues.ts, problem.ts, nearest.ts, yaml-syntax.ts. */
import { describe, expect, it } from 'vitest';
import { MYSQL_CHECKPOINT, MYSQLX, problems, REQUIRED } from '../../support/config.ts';

/** What is added to the required keys, and what it gives. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  // keys
  [
    'table:\n  include: []\n',
    [
      '6:1: table: unknown key (did you mean tables?); allowed here: source, tables, sink, publish, ordering, ddl, ha, limits, copy, checkpoint, admin, log',
    ],
  ],
  ['log:\n  colour: true\n', ['7:3: log.colour: unknown key; allowed here: level, format']],
  [
    '  topics: x\n',
    [
      '6:3: sink.topics: unknown key (did you mean topic?); allowed here: type, endpoint, endpoints, topic, namespace, accessKey, accessSecret, tls, sendTimeout, messageKeys',
    ],
  ],
  ['log: {}\nlog: {}\n', ['7:1: log: is written twice: the first is in line 6']],
  ['log:\n  level: info\n  "level": warn\n', ['8:3: log.level: is written twice: the first is in line 7']],
  ['? [a]\n: 1\n', ['6:3: a key must be a plain word']],
  // kinds of value
  [
    'limits:\n',
    ['6:8: limits: has no value: write one, or remove the key (a value that begins with # must be in quotes)'],
  ],
  ['log: pretty\n', ['6:6: log: "pretty" must be a mapping: its keys on lines of their own below, indented']],
  [
    "tables:\n  include: 'shop.*'\n",
    ['7:12: tables.include: "shop.*" must be a list: one `- ` and value a line, or [ … ]'],
  ],
  ['tables:\n  include: []\n', ['7:12: tables.include: must hold at least one pattern']],
  ["tables:\n  include:\n    - 'shop.*'\n    - 42\n", ['9:7: tables.include[1]: 42 must be text: put it in quotes']],
  ['admin:\n  port: 70000\n', ['7:9: admin.port: 70000 must be a whole number from 0 to 65535']],
  ['admin:\n  port: 86.5\n', ['7:9: admin.port: 86.5 must be a whole number from 0 to 65535']],
  ['admin:\n  enabled: yes\n', ['7:12: admin.enabled: "yes" must be true or false']],
  [
    'log:\n  level: warning\n',
    ['7:10: log.level: "warning" is not one of trace, debug, info, warn, error (did you mean warn?)'],
  ],
  ['ordering: [key]\n', ['6:11: ordering: is not one of key, table, total']],
  ['checkpoint:\n  type: redis\n', ['7:9: checkpoint.type: "redis" is not one of file, mysql, mysqlx']],
  [
    'checkpoint:\n  path: ~/x\n',
    ['7:9: checkpoint.path: "~/x" starts with ~, which only a shell expands: write the whole path'],
  ],
  ["checkpoint:\n  path: ''\n", ['7:9: checkpoint.path: "" must not be empty']],
  [
    'checkpoint:\n  type: mysqlx\n  path: ./x\n',
    [
      '6:1: checkpoint.host: is missing',
      '6:1: checkpoint.name: is missing',
      '6:1: checkpoint.schema: is missing',
      '6:1: checkpoint.user: is missing',
      '8:3: checkpoint.path: unknown key; allowed here: type, host, port, user, password, tls, schema, collection, name, interval',
    ],
  ],
  [
    `${MYSQLX}  path: ./x\n`,
    [
      '12:3: checkpoint.path: unknown key; allowed here: type, host, port, user, password, tls, schema, collection, name, interval',
    ],
  ],
  [
    `${MYSQLX}  collection: Relay.State\n`,
    ['12:15: checkpoint.collection: "Relay.State" is not a name of up to 64 lower-case letters, digits and _'],
  ],
  [
    MYSQLX.replace('orders', 'orders of the shop'),
    ['11:9: checkpoint.name: "orders of the shop" is not up to 32 letters, digits, _, - and .'],
  ],
  [
    `${MYSQL_CHECKPOINT}  path: ./x\n`,
    [
      '12:3: checkpoint.path: unknown key; allowed here: type, host, port, user, password, tls, database, table, name, interval',
    ],
  ],
  [
    `${MYSQL_CHECKPOINT}  table: Relay.State\n`,
    ['12:10: checkpoint.table: "Relay.State" is not a name of up to 64 lower-case letters, digits and _'],
  ],
  // units
  ['  sendTimeout: 10\n', ['6:16: sink.sendTimeout: 10 has no unit: write a duration, such as 500ms, 10s, 2m or 1h']],
  ['  sendTimeout: 100ms\n', ['6:16: sink.sendTimeout: "100ms" is out of range: allowed is 1s to 1m']],
  ['copy:\n  rest: -1\n', ['7:9: copy.rest: -1 must be a number from 0 to 100']],
  ["copy:\n  rest: '1e1'\n", ['7:9: copy.rest: "1e1" must be a number from 0 to 100']],
  ['copy:\n  chunkTime: 1m\n', ['7:14: copy.chunkTime: "1m" is out of range: allowed is 10ms to 10s']],
  ['copy:\n  maxThreadsRunning: 0\n', ['7:22: copy.maxThreadsRunning: 0 must be a whole number from 1 to 100000']],
  ['limits:\n  messageBytes: 2MiB\n', ['7:17: limits.messageBytes: "2MiB" is out of range: allowed is 1KiB to 1MiB']],
  // patterns
  [
    'tables:\n  include: [*.*]\n',
    ["7:13: tables.include[0]: begins with *, which is an alias in YAML: put a pattern in quotes, such as '*.*'"],
  ],
  [
    "tables:\n  exclude: ['tmp']\n",
    ['7:13: tables.exclude[0]: "tmp" must have the form database.table; a dot inside a name is written in backticks'],
  ],
  [
    "tables:\n  excludeColumns: ['shop.users']\n",
    [
      '7:20: tables.excludeColumns[0]: "shop.users" must have the form database.table.column; a dot inside a name is written in backticks',
    ],
  ],
  // from outside
  [
    '  topic: ${TOPIC}\n',
    ['6:10: sink.topic: the environment variable TOPIC is not set: set it, or write ${TOPIC:-default}'],
  ],
  [
    '  topic: ${TOPIC\n',
    ['6:10: sink.topic: holds ${ that is not a reference: write ${NAME} or ${NAME:-default}, or $${ for ${ itself'],
  ],
  ['  accessKey: file:/none\n  accessSecret: x\n', ['6:14: sink.accessKey: the file /none cannot be read (ENOENT)']],
  ['  accessKey: file:/empty\n  accessSecret: x\n', ['6:14: sink.accessKey: the file /empty is empty']],
  // YAML
  ['log:\n\tlevel: info\n', ['7:1: a tab is used to indent: YAML allows spaces only']],
  ['---\na: 1\n', ['6:1: a second document begins here: the file holds one, remove the line --- or ...']],
  [
    'log: { level: info\n',
    [
      '7:1: the indentation does not fit, or a bracket above is not closed: all keys of one mapping begin in the same column',
    ],
  ],
  [
    'log:\n  level: "info\n',
    ['8:1: something is missing here: a closing quote or bracket, or the colon and space after a key'],
  ],
  [
    'log:\n  level: a: b\n',
    ['7:10: a second `: ` in one line: put the value in quotes, or move what follows to lines of its own'],
  ],
  ['log\n', ['6:1: something is missing here: a closing quote or bracket, or the colon and space after a key']],
  ['log\nadmin: {}\n', ['6:1: a line without the colon and space between key and value']],
  [
    'log:\n    level: info\n  format: json\n',
    [
      '8:1: the indentation does not fit, or a bracket above is not closed: all keys of one mapping begin in the same column',
    ],
  ],
  ['log:\n  level: @x\n', ['7:10: a value cannot begin with @: put it in quotes']],
  ['log:\n  level: !x y\n', ['7:10: a value that begins with ! is a tag in YAML: put it in quotes']],
  ['log:\n  level: &x info\n', ['7:13: log.level: begins with &, which is an anchor in YAML: put the value in quotes']],
  [
    'log:\n  level: "a\\q"\n',
    ['7:12: an escape that YAML does not know: inside double quotes write \\\\ for a backslash, or use single quotes'],
  ],
];

describe('a problem is told at its place', () => {
  it.each(CASES)('%j', (added, expected) => {
    expect(problems(REQUIRED + added, { files: { '/empty': '\n' } })).toEqual(expected);
  });

  it.each([
    ['', '1:1: the file is empty: it needs at least source and sink'],
    ['# nothing\n', '1:1: the file is empty: it needs at least source and sink'],
    ['~\n', '1:1: the file is empty: it needs at least source and sink'],
    ['\n- a\n', '2:1: the file must be a mapping of keys to values, such as `source:` and below it `host: …`'],
    ['source\n', '1:1: the file must be a mapping of keys to values, such as `source:` and below it `host: …`'],
    ['%YAML 1.1\n---\nsource: {}\n', '1:1: a %YAML directive changes what the values below mean: remove it'],
  ])('%j', (text, expected) => {
    expect(problems(text)).toEqual([expected]);
  });

  it('in a file with a byte order mark and Windows line ends as well', () => {
    const text = `\ufeff${REQUIRED}log: { level: loud }\n`.replaceAll('\n', '\r\n');
    expect(problems(text)).toEqual(['6:15: log.level: "loud" is not one of trace, debug, info, warn, error']);
  });

  it('what is missing is told at the key that it is missing under', () => {
    expect(problems('sink:\n  topic: x\nsource:\n  host: mysql\n')).toEqual([
      '1:1: sink.endpoint: is missing',
      '3:1: source.user: is missing',
    ]);
  });
});

describe('the proxies of RocketMQ', () => {
  const WITHOUT = 'source:\n  host: mysql\n  user: relay\nsink:\n';

  it.each([
    ['  endpoint: a:1\n  endpoints: [a:1, b:1]\n', '6:14: sink.endpoints: stands beside endpoint'],
    ['  endpoints: []\n', '5:14: sink.endpoints: must hold at least one host:port'],
    ['  endpoints: [a:1, b:1, a:1]\n', '5:14: sink.endpoints: names a:1 twice'],
    ['  endpoints: [a:1, b]\n', '5:20: sink.endpoints[1]: "b" has no port'],
    ['  topic: x\n', '4:1: sink.endpoint: is missing'],
  ])('%j', (written, expected) => {
    expect(problems(WITHOUT + written).map((text) => text.slice(0, expected.length))).toEqual([expected]);
  });
});

describe('source.start', () => {
  it.each([
    [
      'later',
      '4:10: source.start: "later" must be copy, latest, earliest, or a mapping with gtidSet, or with file and position',
    ],
    ['{}', '4:10: source.start: must hold either gtidSet alone, or file and position together'],
    ['{ file: binlog.000001 }', '4:10: source.start: must hold either gtidSet alone, or file and position together'],
    [
      '{ file: binlog.000001, position: 3 }',
      '4:43: source.start.position: 3 must be a whole number from 4 to 9007199254740991',
    ],
    [
      '{ file: /var/lib/binlog.000001, position: 4 }',
      '4:18: source.start.file: "/var/lib/binlog.000001" is not a binlog file: write the name alone, such as binlog.000042, as SHOW BINARY LOGS lists it',
    ],
    [
      '{ gtidSet: 1-5 }',
      '4:21: source.start.gtidSet: "1-5" is not a GTID set: write it as SELECT @@gtid_executed shows it, such as 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-1000, or for MariaDB as SELECT @@gtid_binlog_pos does, such as 0-1-1000',
    ],
    [
      '{ gtidSet: 3e11fa47-71ca-11e1-9e33-c80aa9429562:5-1 }',
      '4:21: source.start.gtidSet: "3e11fa47-71ca-11e1-9e33-c80aa9429562:5-1" has the interval 5-1, which does not count upwards, from 1 or more to at most 9223372036854775806',
    ],
    [
      '{ gtidSet: 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-3:9223372036854775807 }',
      '4:21: source.start.gtidSet: "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-3:9223372036854775807" has the interval 9223372036854775807, which does not count upwards, from 1 or more to at most 9223372036854775806',
    ],
    [
      '{ gtidSet: 3e11fa47-71ca-11e1-9e33-c80aa9429562:0 }',
      '4:21: source.start.gtidSet: "3e11fa47-71ca-11e1-9e33-c80aa9429562:0" has the interval 0, which does not count upwards, from 1 or more to at most 9223372036854775806',
    ],
  ])('%s', (start, expected) => {
    expect(problems(REQUIRED.replace('sink:', `  start: ${start}\nsink:`))).toEqual([expected]);
  });
});

describe('all problems are told at once', () => {
  it('in the order of the file', () => {
    const text = `source:
  hots: mysql
  user: \${USER_NAME}
  password: 0123
tables:
  include: [shop]
sink:
  endpoint: a:8081;b:8081
  sendTimeout: 10
ordering: tabel
`;
    expect(problems(text)).toEqual([
      '1:1: source.host: is missing',
      '2:3: source.hots: unknown key (did you mean host?); allowed here: host, port, hosts, user, password, tls, serverId, start, heartbeat, connectTimeout, runwayWarning',
      '3:9: source.user: the environment variable USER_NAME is not set: set it, or write ${USER_NAME:-default}',
      '4:13: source.password: must be text: put it in quotes',
      '6:13: tables.include[0]: "shop" must have the form database.table; a dot inside a name is written in backticks',
      '8:13: sink.endpoint: "a:8081;b:8081" names more than one endpoint: write one host:port, or a list of them as endpoints',
      '9:16: sink.sendTimeout: 10 has no unit: write a duration, such as 500ms, 10s, 2m or 1h',
      '10:11: ordering: "tabel" is not one of key, table, total (did you mean table?)',
    ]);
  });
});

describe('a secret is never told', () => {
  const SECRET = 'hunter2';
  it.each([
    REQUIRED.replace('sink:', `  password: [${SECRET}]\nsink:`),
    REQUIRED.replace('sink:', `  password: { ${SECRET}: 1 }\nsink:`),
    REQUIRED.replace('sink:', `  password: "${SECRET}\nsink:`),
    REQUIRED.replace('sink:', `  password: "${SECRET}\\q"\nsink:`),
    REQUIRED.replace('sink:', `  password: x: ${SECRET}\nsink:`),
    REQUIRED.replace('sink:', `  password: "x" ${SECRET}\nsink:`),
    REQUIRED.replace('sink:', `  password: @${SECRET}\nsink:`),
    REQUIRED.replace('sink:', `  password: !${SECRET}\nsink:`),
    REQUIRED.replace('sink:', `  password: *${SECRET}\nsink:`),
    REQUIRED.replace('sink:', `  password: &${SECRET}\nsink:`),
    REQUIRED.replace('sink:', `  password: \${${SECRET}-}\nsink:`),
    REQUIRED.replace('sink:', `  passwort: ${SECRET}\nsink:`),
    REQUIRED.replace('sink:', '  password: file:${PASSWORD}\nsink:'),
    REQUIRED.replace('host: mysql', 'host: ${PASSWORD}://'),
    `${REQUIRED}  accessSecret: ${SECRET} 2\n`,
    `${REQUIRED}  accessSecret: \${PASSWORD}\n`,
    `${REQUIRED}  endpoint: x\n  sendTimeout: \${PASSWORD}\n`,
    `${REQUIRED}log: { level: "\${PASSWORD}" }\n`,
  ])('%j', (text) => {
    const lines = problems(text, { env: { PASSWORD: SECRET } });
    expect(lines).not.toEqual([]);
    expect(lines.join('\n')).not.toContain(SECRET);
  });
});
