import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrowingBytes } from '../../../../src/base/growing-bytes.ts';
import { keyForm, valueForm } from '../../../../src/apply/rows/form.ts';
import { scanKeys } from '../../../../src/apply/rows/scanner.ts';
import { KEYS, tupleColumn, VALUES, writeTuples } from '../../../../src/apply/rows/tuples.ts';

function write(json: string, types: readonly string[], rows: number, shape = VALUES): string {
  const b = Buffer.from(json);
  const keys = scanKeys(b, 1);
  const columns = keys.map((key, i) =>
    tupleColumn(key, (shape === KEYS ? keyForm : valueForm)(types[i] ?? 'text', '')),
  );
  const out = new GrowingBytes({ bytes: 0 }, 0);
  const end = writeTuples(b, 1, rows, columns, shape, out);
  expect(b[end]).toBe(0x5d);
  return out.written().toString();
}

/** What MySQL makes of a text in double quotes; `\%` and `\_` do not occur. */
function unquoted(sql: string): string {
  const letters: Readonly<Record<string, string>> = { 0: '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\x1a' };
  expect(sql).toMatch(/^\("(?:[^"\\]|\\[^%_])*"\)$/s);
  return sql.slice(2, -2).replace(/\\(.)/gs, (_, letter: string) => letters[letter] ?? letter);
}

describe('texts', () => {
  it('are what the message says, whatever their characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(unquoted(write(`[{"a":${JSON.stringify(text)}}]`, ['text'], 1))).toBe(text);
      }),
    );
  });

  it('may be escaped in any way that JSON knows', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        const units = [...Array(text.length).keys()].map((i) => text.charCodeAt(i).toString(16).padStart(4, '0'));
        expect(unquoted(write(`[{"a":"${units.map((unit) => `\\u${unit}`).join('')}"}]`, ['text'], 1))).toBe(text);
      }),
    );
    expect(write('[{"a":"\\/\\f\\b"}]', ['text'], 1)).toBe('("\\/\f\\b")');
  });

  it('never end before their end', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', '\\', "'", '`', ';', '-', '\0', 'n', 'u') }), (text) => {
        expect(unquoted(write(`[{"a":${JSON.stringify(text)}}]`, ['varchar(9)'], 1))).toBe(text);
      }),
    );
  });
});

describe('what is not as the relay writes it', () => {
  it.each([
    ['a number that is none', '[{"a":"1;DROP"}]', 'int', 1],
    ['an empty number', '[{"a":""}]', 'int', 1],
    ['half of a surrogate pair', '[{"a":"\\ud800x"}]', 'text', 1],
    ['an escape that JSON has not', '[{"a":"\\x41"}]', 'text', 1],
    ['a value that is neither text nor null', '[{"a":true}]', 'text', 1],
    ['more rows than the message says', '[{"a":"1"},{"a":"2"}]', 'int', 1],
    ['fewer rows than the message says', '[{"a":"1"}]', 'int', 2],
    ['another column', '[{"a":"1"},{"bb":"2"}]', 'int', 2],
    ['a body that ends early', '[{"a":"1', 'text', 1],
  ])('%s', (_, json, type, rows) => {
    expect(() => write(json, [type], rows)).toThrow(expect.objectContaining({ code: 'MESSAGE_UNREADABLE' }) as Error);
  });

  it('a key without a value', () => {
    expect(() => write('[{"a":null}]', ['int'], 1, KEYS)).toThrow(
      expect.objectContaining({ code: 'MESSAGE_UNREADABLE' }),
    );
  });
});
