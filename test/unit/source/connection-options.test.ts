import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  connectionOptions,
  isLoopback,
  plainOptions,
  type ConnectionSettings,
} from '../../../src/source/connection-options.ts';

const PEM = '-----BEGIN CERTIFICATE-----\n';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function settings(tls: Partial<ConnectionSettings['tls']>, host = 'db.example'): ConnectionSettings {
  return {
    host,
    port: 3306,
    user: 'relay',
    password: 'secret',
    connectTimeoutMs: 1234,
    section: 'source',
    tls: { mode: 'preferred', ...tls },
  };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('connectionOptions', () => {
  it('gives 64-bit numbers and times as text, and lets no server ask for files', () => {
    expect(connectionOptions(settings({ mode: 'disabled' }))).toMatchObject({
      host: 'db.example',
      port: 3306,
      user: 'relay',
      password: 'secret',
      connectTimeout: 1234,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      flags: ['-LOCAL_FILES'],
    });
  });

  it.each([
    ['disabled', undefined],
    ['preferred', { rejectUnauthorized: false }],
    ['required', { rejectUnauthorized: false }],
    ['verify-ca', { rejectUnauthorized: true }],
    ['verify-identity', { rejectUnauthorized: true, verifyIdentity: true }],
  ] as const)('%s', (mode, ssl) => {
    expect(connectionOptions(settings({ mode })).ssl).toEqual(ssl);
  });

  it('brings the files as text', () => {
    const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => file(name, PEM + name));
    expect(connectionOptions(settings({ mode: 'verify-ca', ca, cert, key })).ssl).toEqual({
      ca: `${PEM}ca`,
      cert: `${PEM}cert`,
      key: `${PEM}key`,
      rejectUnauthorized: true,
    });
  });

  it('names the setting whose file is missing or no PEM', () => {
    const missing = join(folder, 'missing.pem');
    expect(() => connectionOptions(settings({ mode: 'verify-ca', ca: missing }))).toThrow(
      `source.tls.ca: ${missing} cannot be read`,
    );
    const empty = file('empty', '');
    expect(() => connectionOptions(settings({ cert: empty }))).toThrow(`source.tls.cert: ${empty} is not a PEM file`);
  });

  it.each(['10.0.0.1', '::1', '[::1]'])(
    'refuses verify-identity for the address %s: mysql2 would compare with localhost',
    (host) => {
      expect(() => connectionOptions(settings({ mode: 'verify-identity' }, host))).toThrow(`address ${host}`);
      expect(connectionOptions(settings({ mode: 'verify-ca' }, host)).ssl).toBeDefined();
    },
  );

  it('has the same without TLS', () => {
    const { ssl, ...rest } = connectionOptions(settings({ mode: 'preferred' }));
    expect(ssl).toBeDefined();
    expect(plainOptions(settings({ mode: 'preferred' }))).toEqual(rest);
  });
});

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['10.0.0.1', false],
  ['127.example.org', false],
  ['db', false],
])('isLoopback(%s) is %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
