/** dev/generate-docs.ts: what is generated is committed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../../dev/docs/generated-files.ts';
import { ERROR_CODES } from '../../../src/base/error-codes.ts';

const files = generatedFiles();

describe.each([...files])('%s', (path, text) => {
  it('is what the generator gives', () => {
    const committed = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
    expect(committed === text, `${path} is out of date: npm run docs`).toBe(true);
  });
});

it('docs/errors.md names every code', () => {
  const page = files.get('docs/errors.md') ?? '';
  expect(Object.keys(ERROR_CODES).filter((code) => !page.includes(`| \`${code}\` |`))).toEqual([]);
});

it('docs/configuration.md has a meaning below every heading', () => {
  const page = files.get('docs/configuration.md') ?? '';
  const blocks = page.split(/^#+ /m).slice(1);
  expect(blocks.length).toBeGreaterThan(40);
  for (const block of blocks) {
    const [title = '', ...text] = block.split('\n').filter((line) => line !== '' && !line.startsWith('*'));
    expect(text.join(' ').length, title).toBeGreaterThan(20);
  }
});
