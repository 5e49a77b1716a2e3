import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { applyJsonSchema } from '../../../src/config/json-schema.ts';
import { parseApplyConfig } from '../../../src/config/load.ts';
import type { ApplyConfig } from '../../../src/config/config.ts';
import { redacted } from '../../../src/config/describe.ts';

const load = (text: string): ApplyConfig =>
  parseApplyConfig(text, 'apply.yaml', {
    env: { SECRET: 'from-the-environment' },
    readFile: (path) => {
      if (path === '/run/secret') return 'from a file\n';
      if (path === '/run/token') return 'a-token-from-a-file\n';
      throw Object.assign(new Error(), { code: 'ENOENT' });
    },
  });

const MINIMAL = 'source: { endpoint: "proxy:8081", group: copy }\ntarget: { host: db, user: apply }\n';

describe('the configuration of apply', () => {
  it('has a default for everything but where topic and target are', () => {
    expect(load(MINIMAL)).toMatchObject({
      source: { topic: 'order-binlog', namespace: '' },
      target: { port: 3306, password: '', tls: { mode: 'preferred' }, connectTimeoutMs: 10_000, section: 'target' },
      tables: { include: ['*.*'], exclude: [], rename: {} },
      connections: 4,
      create: false,
      deletes: 'apply',
      statements: 'stop',
      uniqueKeys: 'refuse',
      ledger: 'binlog_relay',
    });
  });

  it('takes its secrets from elsewhere, and shows none', () => {
    const config = load(
      'source: { endpoint: "proxy:8081", group: copy, accessKey: k, accessSecret: "${SECRET}" }\n' +
        'target: { host: db, user: apply, password: "file:/run/secret" }\n',
    );
    expect(config.source.accessSecret).toBe('from-the-environment');
    expect(config.target).toMatchObject({ password: 'from a file', passwordFile: '/run/secret' });
    expect(JSON.stringify(redacted(config))).not.toMatch(/from.(the|a)/);
  });

  it('has a section for verify, with defaults of its own, and hides its secret', () => {
    expect(load(MINIMAL).verify).toBeUndefined();
    const config = load(
      `${MINIMAL}verify: { source: { host: orders, user: v, password: "file:/run/secret" }, relayToken: "file:/run/token", admin: { token: "file:/run/token" } }\n`,
    );
    expect(config.verify).toMatchObject({
      source: { port: 3306, password: 'from a file', passwordFile: '/run/secret' },
      chunkMs: 300,
      rest: 1,
      patienceMs: 300_000,
      maxDifferences: 1000,
      admin: { port: 8687, token: 'a-token-from-a-file', tokenFile: '/run/token' },
      relayToken: 'a-token-from-a-file',
      relayTokenFile: '/run/token',
    });
    expect(config.verify?.everyMs).toBeUndefined();
    expect(JSON.stringify(redacted(config))).not.toMatch(/from.a.file/);
  });

  it.each([
    ['verify: { source: { host: a, user: b }, relay: relay }', 'is no address such as http://relay:8686'],
    ['statements: go', 'apply.yaml:3:13: statements: "go" is not one of stop, run, ignore'],
    ['conections: 4', 'apply.yaml:3:1: conections: unknown key (did you mean connections?)'],
    ['tables: { rename: { a: x, b: x } }', 'apply.yaml:3:30: tables.rename.b: "x" is the name of a already'],
    ['tables: { rename: { a: mysql } }', 'tables.rename.a: "mysql" is a system schema'],
    ['tables: { rename: { a: binlog_relay } }', 'is the database of the ledger'],
    ['deletes: soft', 'deletes: "soft" must be apply, ignore, or a mapping with column'],
    ['deletes: { colum: x }', 'deletes.colum: unknown key (did you mean column?)'],
    ['ledger: sys', 'ledger: "sys" is a system schema'],
  ])('refuses %s', (line, text) => {
    expect(() => load(`${MINIMAL}${line}\n`)).toThrow(text);
  });

  it('takes a column for the time of a delete', () => {
    expect(load(`${MINIMAL}deletes: ignore\n`).deletes).toBe('ignore');
    expect(load(`${MINIMAL}deletes: { column: deleted_at }\n`).deletes).toEqual({ column: 'deleted_at' });
  });

  it('refuses tls and access of the target and the topic as the relay does', () => {
    const text =
      'source: { endpoint: "proxy:8081", group: copy, accessKey: k }\ntarget: { host: db, user: apply, tls: { ca: /no } }\n';
    const remedy = expect.stringContaining('`binlog-relay apply --check`') as string;
    expect(() => load(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', remedy }));
    expect(() => load(text)).toThrow(/source\.accessKey: needs accessSecret[^]*target\.tls\.ca: .*is not looked at/);
  });

  it('has an example that shows every key', () => {
    const text = readFileSync(new URL('../../../config/apply.yaml', import.meta.url), 'utf8');
    expect(() => load(text.replace('${MYSQL_PASSWORD}', 'x'))).not.toThrow();
    const shown: unknown = parse(text.replaceAll(/^( *)#(?! )/gm, '$1'));
    expect(Object.keys(shown as object)).toEqual(Object.keys(applyJsonSchema().properties ?? {}));
  });
});
