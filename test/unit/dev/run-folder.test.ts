import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { removeLeftovers } from '../../../dev/servers/run-folder.ts';
import { smallDisk } from '../../chaos/small-disk.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('removes what a killed process has left, with a disk that was mounted in it', async () => {
  vi.stubEnv('TMPDIR', mkdtempSync(join(tmpdir(), 'run-folder-')));
  const folder = join(tmpdir(), `binlog-relay-servers-${userInfo().username}`, '20000');
  // An ordinary folder where nobody may mount one.
  const disk = await smallDisk(join(folder, 'store'), '1m');
  writeFileSync(join(disk.path, 'commitlog'), 'x');
  writeFileSync(join(folder, 'owner'), '1 long ago');
  mkdirSync(join(folder, 'data'));
  removeLeftovers();
  expect(existsSync(folder)).toBe(false);
});
