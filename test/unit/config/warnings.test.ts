import { describe, expect, it } from 'vitest';
import { configWarnings } from '../../../src/config/warnings.ts';
import { MYSQL_CHECKPOINT, MYSQLX, parse, REQUIRED } from '../../support/config.ts';

const outside = { env: { P: 'hunter2' }, files: { '/p': 'hunter2' } };

function warnings(text: string, mode = 0o640): readonly string[] {
  return configWarnings(parse(text, outside), { name: 'relay.yaml', text, mode });
}

function withPassword(password: string): string {
  return REQUIRED.replace('sink:', `  password: ${password}\nsink:`);
}

const IN_CLEAR =
  'relay.yaml:4:13: source.password: stands in the file in clear: take it from the environment (${NAME}) or from a file of its own (file:/run/secrets/…)';

describe('configWarnings', () => {
  it.each(['hunter2', '${P:-hunter2}', 'x${P}'])('warns of the password %s', (password) => {
    expect(warnings(withPassword(password))).toEqual([IN_CLEAR]);
  });

  it.each(['${P}', 'file:/p', "''"])('is content with the password %s, whoever may read the file', (password) => {
    expect(warnings(withPassword(password), 0o644)).toEqual([]);
  });

  it('warns of a clear password that everybody may read', () => {
    expect(warnings(withPassword('hunter2'), 0o100644)).toEqual([
      IN_CLEAR,
      'relay.yaml:4:13: source.password: every user of this machine can read it: chmod o-r relay.yaml',
    ]);
  });

  it('warns of a clear accessSecret', () => {
    expect(warnings(`${REQUIRED}  accessKey: k\n  accessSecret: hunter2\n`)).toEqual([
      expect.stringContaining('relay.yaml:7:17: sink.accessSecret: stands in the file in clear'),
    ]);
  });

  it.each(['localhost', '127.0.0.1'])('warns of a checkpoint on %s that others are to reach', (host) => {
    const local = MYSQL_CHECKPOINT.replace(/host: \S+/, `host: ${host}`);
    const warned = (text: string): boolean => warnings(text).some((line) => line.includes('on each machine'));
    expect(warned(`${REQUIRED}ha: standby\n${local}`)).toBe(true);
    expect(warned(`${REQUIRED}${local}`)).toBe(false);
    expect(warned(`${REQUIRED}ha: standby\n${MYSQL_CHECKPOINT}`)).toBe(false);
  });

  it('warns of a clear password of the checkpoint, and of the port of the classic protocol', () => {
    expect(warnings(`${REQUIRED}${MYSQLX}  password: hunter2\n  port: 3306\n`)).toEqual([
      expect.stringContaining('relay.yaml:12:13: checkpoint.password: stands in the file in clear'),
      expect.stringContaining('relay.yaml:13:9: checkpoint.port: port 3306 is usually that of the classic protocol'),
    ]);
    expect(warnings(`${REQUIRED}${MYSQLX}  password: file:/p\n`)).toEqual([]);
  });

  it('warns of a clear token', () => {
    expect(warnings(`${REQUIRED}admin:\n  token: hunter2-hunter2-hunter2\n`)).toEqual([
      expect.stringContaining('admin.token: stands in the file in clear'),
    ]);
  });

  it('warns of the port of the X Protocol where the classic one is spoken', () => {
    expect(warnings(`${REQUIRED}${MYSQL_CHECKPOINT}  port: 33060\n`)).toEqual([
      expect.stringContaining('relay.yaml:12:9: checkpoint.port: port 33060 is usually that of the X Protocol'),
    ]);
    expect(warnings(`${REQUIRED}${MYSQL_CHECKPOINT}`)).toEqual([]);
  });

  it.each([
    ['9876', 'port 9876 is usually the name server'],
    ['10911', 'port 10911 is usually a broker'],
  ])('warns of port %s', (port, text) => {
    expect(warnings(REQUIRED.replace('8081', port))).toEqual([expect.stringContaining(text)]);
  });

  it('never tells a secret', () => {
    expect(warnings(withPassword('hunter2'), 0o644).join('\n')).not.toContain('hunter2');
  });
});
