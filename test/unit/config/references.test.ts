import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandReferences, isReferenceOnly } from '../../../src/config/references.ts';

const env = { HOST: 'db', EMPTY: '', NESTED: '${HOST}' };

describe('expandReferences', () => {
  it.each([
    ['${HOST}', 'db'],
    ['${HOST}:${EMPTY}x', 'db:x'],
    ['${EMPTY}', ''],
    ['${EMPTY:-mysql}', 'mysql'],
    ['${NONE:-mysql}', 'mysql'],
    ['${NONE:-}', ''],
    ['${HOST:-mysql}', 'db'],
    ['${NESTED}', '${HOST}'],
    ['$${HOST}', '${HOST}'],
    ['pa$$word$1$HOST', 'pa$$word$1$HOST'],
  ])('%s is %s', (text, expanded) => {
    expect(expandReferences(text, env)).toEqual({ text: expanded, problems: [] });
  });

  it.each(['${NONE}', '${toString}'])('%s is a problem that names the variable', (text) => {
    const [problem] = expandReferences(text, env).problems;
    const name = text.slice(2, -1);
    expect(problem).toBe(`the environment variable ${name} is not set: set it, or write \${${name}:-default}`);
  });

  it.each(['${', '${}', '${1A}', '${A-b}', '${A', '${ HOST }'])('%s is not a reference', (text) => {
    expect(expandReferences(text, env).problems).toEqual([
      'holds ${ that is not a reference: write ${NAME} or ${NAME:-default}, or $${ for ${ itself',
    ]);
  });

  it('leaves a text without ${ alone', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('${')),
        (text) => {
          expect(expandReferences(text, env)).toEqual({ text, problems: [] });
        },
      ),
    );
  });
});

describe('isReferenceOnly', () => {
  it.each([
    ['${A}', true],
    ['${A:-}', true],
    ['${A:-secret}', false],
    ['x${A}', false],
    ['secret', false],
  ])('%s: %s', (text, expected) => {
    expect(isReferenceOnly(text)).toBe(expected);
  });
});
