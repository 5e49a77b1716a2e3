/**
 * Durations and sizes as an operator writes them. Both always carry their unit: a bare number is refused, except 0,
 * which needs none.
 */

export type Parsed = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly problem: string };

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_000,
  KiB: 1_024,
  MB: 1_000_000,
  MiB: 1_048_576,
  GB: 1_000_000_000,
  GiB: 1_073_741_824,
};
const NUMBER_AND_UNIT = /^(\d+)([A-Za-z]*)$/;

/** The text forms above as regular expressions for the JSON Schema. */
export const DURATION_PATTERN = '^([0-9]+(ms|s|m|h)|0)$';
export const DURATION_OR_OFF_PATTERN = '^(off|[0-9]+(ms|s|m|h))$';
export const SIZE_PATTERN = '^([0-9]+(B|KB|KiB|MB|MiB|GB|GiB)|0)$';

/** `10s`, `500ms`, `2m`, `1h` as milliseconds. */
export function parseDuration(text: string): Parsed {
  return parseQuantity(text, DURATION_UNITS, 'a duration', '500ms, 10s, 2m or 1h');
}

/** `64MiB`, `256KiB`, `1MB` as bytes; KiB, MiB and GiB count in 1024, KB, MB and GB in 1000. */
export function parseSize(text: string): Parsed {
  return parseQuantity(text, SIZE_UNITS, 'a size', '256KiB, 64MiB or 1MB');
}

/** In the largest unit that needs no fraction. */
export function formatSize(bytes: number): string {
  const largestFirst = Object.entries(SIZE_UNITS).sort(([, a], [, b]) => b - a);
  const [unit, factor] = largestFirst.find(([, factor]) => bytes % factor === 0) ?? ['', 1];
  return bytes === 0 ? '0' : `${bytes / factor}${unit}`;
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>, what: string, examples: string): Parsed {
  const refuse = (problem: string): Parsed => ({ ok: false, problem });
  const match = NUMBER_AND_UNIT.exec(text);
  if (match === null) {
    if (/\s/.test(text)) return refuse(`is not ${what}: write the unit right after the number, such as ${examples}`);
    if (/^\d+\.\d+/.test(text)) return refuse(`is not ${what}: write a whole number of a smaller unit`);
    return refuse(`is not ${what}: write a whole number and its unit, such as ${examples}`);
  }
  const [, digits = '', unit = ''] = match;
  const number = Number(digits);
  if (unit === '') {
    return number === 0 ? { ok: true, value: 0 } : refuse(`has no unit: write ${what}, such as ${examples}`);
  }
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) {
    const names = Object.keys(units);
    const meant = names.filter((name) => name.toLowerCase().startsWith(unit.toLowerCase()));
    const hint = meant.length > 0 ? ` (did you mean ${meant.join(' or ')}?)` : '';
    return refuse(`has the unknown unit ${unit}${hint}: allowed are ${names.join(', ')}`);
  }
  const value = number * factor;
  return Number.isSafeInteger(value) ? { ok: true, value } : refuse('is too large');
}
