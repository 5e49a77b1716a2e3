import { exactJson, hex, type ColumnKind } from './column-kind.ts';
import type { Random } from './random.ts';

const KEYS = [
  'a', 'b', 'k1', '', 'key with space', 'quo"te', "apo'stroph", 'back\\slash', '\\u0041', 'dot.dot', '[0]', '$x', 'é', '名称', '😀', 'tab\t', '__proto__', 'x'.repeat(300),
] as const; // prettier-ignore
/** Not through JSON.stringify, which has no other numbers than doubles. */
const NUMBERS = [
  '0', '-1', '1', '32767', '32768', '-32768', '-32769', '65535', '65536', '2147483648', '4294967295', '4294967296', '9223372036854775807', '-9223372036854775808', '9223372036854775808', '18446744073709551615', '18446744073709551616', '0.0', '-0.0', '1.0', '1e15', '1e16', '1e-7', '1e300', '5e-324', '1.7976931348623157e308', '123456789012345.25', '0.1', '1E+2',
] as const; // prettier-ignore
const STRINGS = [
  '',
  'a',
  'A ',
  '"',
  '\\',
  '\n',
  '\u0000',
  '\u007f',
  '\u2028',
  '😀',
  '请尽快',
  '1',
  'null',
  '/',
] as const;

export const jsonKind = (): ColumnKind => ({
  sql: 'JSON',
  rowBytes: 12,
  exact: exactJson,
  value: (r) => cast(document(r, 0)),
  change: (r, name) => changed(r, name, () => cast(document(r, 2))),
});

/**
 * Documents with values that SQL put there, which have a type beyond JSON's: as text they are exact, but no text makes
 * them again. So the copy keeps the text.
 */
export const sqlJsonKind = (): ColumnKind => ({
  sql: 'JSON',
  copySql: 'LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  rowBytes: 12,
  exact: exactJson,
  value: (r) =>
    r.chance(0.5)
      ? `JSON_ARRAY(${r.list(r.int(0, 4), () => sqlValue(r)).join(', ')})`
      : `JSON_OBJECT(${r.list(r.int(0, 4), (i) => `${key(r, i)}, ${sqlValue(r)}`).join(', ')})`,
  change: (r, name) => changed(r, name, () => sqlValue(r)),
});

const key = (r: Random, i: number): string => `CAST(_utf8mb4 ${hex(`${r.pick(KEYS)}${i}`)} AS CHAR)`;
const cast = (json: string): string => `CAST(_utf8mb4 ${hex(json)} AS JSON)`;

export function document(r: Random, depth: number): string {
  const shape = r.int(0, depth > 4 ? 5 : 9);
  if (shape <= 1) return r.pick(NUMBERS);
  if (shape === 2) return double(r);
  if (shape === 3) return r.pick(['null', 'true', 'false']);
  if (shape <= 5) return JSON.stringify(r.chance(0.7) ? r.pick(STRINGS) : 's'.repeat(length(r)));
  const count = r.chance(0.02) ? r.int(0, 60) : r.int(0, 4);
  if (shape <= 7) return `[${r.list(count, () => document(r, depth + 1)).join(',')}]`;
  return `{${r.list(count, () => `${JSON.stringify(r.pick(KEYS))}:${document(r, depth + 1)}`).join(',')}}`;
}

/** Of a string: one more byte of length at 128 and at 16,384; the large form of the document at 65,536. */
const length = (r: Random): number =>
  r.chance(0.02) ? r.pick([16_383, 16_384, 70_000]) : r.pick([126, 127, 128, 200]);

function double(r: Random): string {
  const number = r.chance(0.5) ? r.bytes(8).readDoubleLE() : (r.fraction() - 0.5) * 10 ** r.int(-20, 25);
  return Number.isFinite(number) ? number.toExponential() : '1.5';
}

function sqlValue(r: Random): string {
  const sign = r.chance(0.5) ? '-' : '';
  return r.pick([
    () => `CAST(${sign}${r.int(0, 999_999)}.${r.int(0, 99)} AS DECIMAL(${r.int(10, 65)},${r.int(0, 10)}))`,
    () => `CAST('20${r.int(10, 99)}-0${r.int(1, 9)}-1${r.int(0, 9)}' AS DATE)`,
    () => `CAST('${sign}${r.int(0, 838)}:0${r.int(0, 9)}:59.${r.int(0, 999_999)}' AS TIME(6))`,
    () => `CAST('2026-11-23 10:0${r.int(0, 9)}:00.${r.int(0, 999_999)}' AS DATETIME(${r.int(0, 6)}))`,
    () => hex(r.bytes(r.int(0, 130))),
    () => `b'${r.bits(20).toString(2)}'`,
    () => `ST_GeomFromText('POINT(${r.int(-9, 9)} ${r.int(-9, 9)})')`,
    () => String(r.bits(64)),
    () => cast(document(r, 3)),
  ])();
}

/** What MySQL may log as a difference: JSON_SET, JSON_REPLACE and JSON_REMOVE of the column itself. */
function changed(r: Random, name: string, value: () => string): string {
  const path = (): string => {
    const legs = r.list(r.int(1, 2), () => (r.chance(0.3) ? `[${r.int(0, 3)}]` : `.${JSON.stringify(r.pick(KEYS))}`));
    return `CAST(_utf8mb4 ${hex(`$${legs.join('')}`)} AS CHAR)`;
  };
  const pairs = (): string => r.list(r.int(1, 3), () => `${path()}, ${value()}`).join(', ');
  return r.pick([
    () => `JSON_SET(${name}, ${pairs()})`,
    () => `JSON_REPLACE(${name}, ${pairs()})`,
    () => `JSON_REMOVE(${name}, ${path()})`,
  ])();
}
