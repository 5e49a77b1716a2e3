/** What a line, an account and a server do to a relay that reads: it reconnects alone, and says honestly why not. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { RelayError } from '../../../src/base/errors.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { RecordingRelay } from '../../support/recording-relay.ts';
import { asRoot, controlOf, errorOf } from './both-servers.ts';

const PATIENCE_MS = 100_000;

let mysql: MysqlServer;
let proxy: FaultProxy;
let relay: RecordingRelay | undefined;

beforeAll(async () => {
  mysql = await startMysql({ version: '9.7', own: true, progress: () => undefined });
  await asRoot(
    mysql,
    'CREATE DATABASE shop',
    'CREATE TABLE shop.a (id INT AUTO_INCREMENT PRIMARY KEY)',
    'CREATE TABLE shop.big (id INT AUTO_INCREMENT PRIMARY KEY, b LONGBLOB)',
  );
  proxy = await FaultProxy.to(mysql);
}, 180_000);
afterEach(async () => {
  proxy.fault = undefined;
  await relay?.stop();
  relay = undefined;
});
afterAll(async () => {
  await proxy.close();
  await mysql.remove();
});

describe('a TLS handshake that is cut is the line, not the certificate', () => {
  it.each(['reset', 'end'] as const)('before the first session: %s', async (how) => {
    proxy.fault = { kind: 'cut-tls', how };
    const control = controlOf(mysql, { host: proxy.host, port: proxy.port, tls: { mode: 'required' } });
    expect(await errorOf(control.head())).toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    await control.close();
  });

  it.each(['reset', 'end'] as const)('and of a reconnect: %s', async (how) => {
    relay = await started();
    proxy.fault = { kind: 'cut-tls', how };
    const before = proxy.connections;
    proxy.reset();
    await until(() => proxy.connections > before + 3);
    expect(relay.status()).toMatchObject({ state: 'connecting', parts: { source: { ok: false } } });
    proxy.fault = undefined;
    await published(relay);
  });
});

it('a wrong password names host, port and user', async () => {
  const control = controlOf(mysql, { host: proxy.host, port: proxy.port, password: 'wrong' });
  const error = await errorOf(control.head());
  expect(error).toMatchObject({ code: 'SOURCE_ACCESS_DENIED' });
  expect(error).toHaveProperty(
    'message',
    expect.stringContaining(`MySQL at 127.0.0.1:${proxy.port}, as ${mysql.relayUser}: Access denied`),
  );
  await control.close();
});

it('a password changed in mid-run is waited for, and followed when its file is changed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'secret-'));
  const passwordFile = join(folder, 'password');
  const account = mysql.relayUser;
  try {
    await writeFile(passwordFile, `${mysql.relayPassword}\n`);
    relay = await started({ passwordFile });
    await asRoot(mysql, `ALTER USER '${account}' IDENTIFIED BY 'another'`);
    proxy.reset();
    const reading = relay;
    await until(() => reading.status().lastError?.code === 'SOURCE_ACCESS_DENIED');
    expect(reading.status().state).toBe('connecting');
    expect(reading.status().parts.source).toMatchObject({ ok: false });
    expect(reading.status().parts.source.reason).toContain('Access denied');
    await writeFile(passwordFile, 'another\n');
    await published(reading);
    expect(reading.status().parts.source.ok).toBe(true);
  } finally {
    await asRoot(mysql, `ALTER USER '${account}' IDENTIFIED BY '${mysql.relayPassword}'`);
    await rm(folder, { recursive: true });
  }
});

it('a large event on a slow line is no silence, with TLS or without', async () => {
  for (const mode of ['disabled', 'required'] as const) {
    proxy.fault = { kind: 'slow', bytesPerSecond: 1 << 20 };
    relay = await started({ tls: { mode }, heartbeatMs: 1000 });
    await asRoot(mysql, "INSERT INTO shop.big (b) VALUES (REPEAT('x', 8 << 20))");
    await published(relay);
    expect(relay.status().counters.sourceReconnects).toBe(0);
    await relay.stop();
  }
});

it('a line that is half-open is given up', async () => {
  relay = await started({ heartbeatMs: 1000 });
  proxy.freeze();
  const reading = relay;
  await until(() => reading.status().counters.sourceReconnects > 0);
  await published(reading);
});

function started(source: Parameters<typeof RecordingRelay.start>[0]['source'] = {}): Promise<RecordingRelay> {
  return RecordingRelay.start({
    mysql,
    tables: { include: ['shop.a'] },
    source: { hosts: [proxy], ...source },
  });
}

/** Commits a row, and waits until it has been acknowledged. */
async function published(relay: RecordingRelay): Promise<void> {
  const { changesAcknowledged } = relay.status().counters;
  await asRoot(mysql, 'INSERT INTO shop.a VALUES ()');
  await until(() => {
    if (relay.status().state === 'failed') throw new RelayError('INTERNAL', JSON.stringify(relay.status().lastError));
    return relay.status().counters.changesAcknowledged > changesAcknowledged;
  });
}

async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error('waited in vain');
    await sleep(20);
  }
}
