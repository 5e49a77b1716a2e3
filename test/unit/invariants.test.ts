/** docs/invariants.md names tests that exist, and each of its numbers stands in the title of a test of its own. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MUTATIONS } from '../mutations/mutations.ts';

const ROOT = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/invariants.md', ROOT), 'utf8');
const invariants = page
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    number: /^\d+/.exec(section)?.[0] ?? '',
    files: [...section.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file),
  }));

describe('docs/invariants.md', () => {
  it('numbers them without a gap', () => {
    expect(invariants.map(({ number }) => number)).toEqual(invariants.map((_, i) => String(i + 1)));
  });

  it.each(invariants)('names tests that hold invariant $number', ({ number, files }) => {
    expect(files.filter((file) => !existsSync(new URL(file, ROOT)))).toEqual([]);
    const texts = files
      .filter((file) => statSync(new URL(file, ROOT)).isFile())
      .map((file) => readFileSync(new URL(file, ROOT), 'utf8'));
    expect(texts.some((text) => new RegExp(`[(; ']invariant ${number}[):]`).test(text))).toBe(true);
  });
});

it.each(MUTATIONS)(
  'the code that a mutation of invariant $invariant changes in $file is there, once',
  ({ file, find }) => {
    expect(readFileSync(new URL(file, ROOT), 'utf8').split(find)).toHaveLength(2);
  },
);
