import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSpillFile } from '../../../../src/relay/kept/spill-file.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'binlog-relay-spill-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('gives back what it took, and no more', () => {
  const file = createSpillFile(folder);
  file.append(Buffer.from('abc'));
  file.append(Buffer.from('defg'));
  expect(file.read(0, 7).toString()).toBe('abcdefg');
  expect(file.read(2, 3).toString()).toBe('cde');
  expect(file.read(5, 100).toString()).toBe('fg');
  expect(file.read(7, 100)).toHaveLength(0);
  file.close();
});

it('has no name in the folder, even while it is open', () => {
  const files = [createSpillFile(folder), createSpillFile(folder)];
  expect(readdirSync(folder)).toEqual([]);
  files.forEach((file, i) => {
    file.append(Buffer.from(String(i)));
  });
  expect(files.map((file) => file.read(0, 10).toString())).toEqual(['0', '1']);
  for (const file of files) file.close();
});

it('has a code of its own for a folder that cannot be used', () => {
  expect(codeOf(() => createSpillFile(join(folder, 'missing')))).toBe('SPILL_FAILED');
});
