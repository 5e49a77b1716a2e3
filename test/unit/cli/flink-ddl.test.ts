/** What `binlog-relay flink-ddl` refuses before it asks a server; the rest is in test/e2e/flink.test.ts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { main } from '../../../src/cli/main.ts';

let folder: string;
let stderr: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binlog-relay-flink-ddl-'));
  stderr = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => stderr.push(String(text)) > 0);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

async function refused(...words: readonly string[]): Promise<string> {
  const config = join(folder, 'relay.yaml');
  await writeFile(config, 'source: { host: 127.0.0.1, port: 1, user: relay, password: x }\nsink: { type: stdout }\n');
  expect(await main(['flink-ddl', ...words, '--config', config])).toBe(78);
  return stderr.join('');
}

it('wants tables, each with its database', async () => {
  expect(await refused()).toContain('no table is named');
  expect(await refused('orders')).toContain('orders is no table');
});

it('wants a relay that has a topic', async () => {
  expect(await refused('shop.orders')).toContain('has no topic: its sink is stdout');
});
