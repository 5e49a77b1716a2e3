import { exactBytes, exactNumber, PREFIX, type ColumnKind } from './column-kind.ts';
import type { Alphabet, Character } from './alphabets.ts';
import type { Random } from './random.ts';

const BLOBS = [
  ['TINYTEXT', 255],
  ['TEXT', 65_535],
  ['MEDIUMTEXT', 1 << 20],
  ['LONGTEXT', 1 << 20],
] as const;

/** CHAR, VARCHAR or one of the TEXT family, in a charset and collation. */
export function textKind(random: Random, alphabet: Alphabet): ColumnKind {
  const collation = random.pick(alphabet.collations);
  const declared = `CHARACTER SET ${alphabet.charset} COLLATE ${collation}`;
  const shape = random.int(0, 9);
  if (shape >= 8) {
    const [type, most] = random.pick(BLOBS);
    return {
      sql: `${type} ${declared}`,
      rowBytes: 12,
      keyPart: `(${PREFIX})`,
      exact: exactBytes,
      value: (r) => literal(r, alphabet, Math.floor(most / alphabet.maxBytes), r.chance(0.003) ? 30_000 : 40),
    };
  }
  const isChar = shape < 3;
  // 255 and 256 bytes, and 63 and 64 characters of four, are where the length in a row image takes another byte.
  const length = random.chance(0.1) ? 0 : random.pick([1, 2, PREFIX, 20, 63, 64, 255, ...(isChar ? [] : [256, 300])]);
  return {
    sql: `${isChar ? 'CHAR' : 'VARCHAR'}(${length}) ${declared}`,
    rowBytes: length * alphabet.maxBytes + 2,
    ...(length > 0 && length <= 64 && { keyPart: '' }),
    ...(length > 64 && { keyPart: `(${PREFIX})` }),
    exact: exactBytes,
    value: (r) => literal(r, alphabet, length, Math.min(length, 40)),
  };
}

/** At most `most` characters, usually at most `usual`. */
function literal(r: Random, { charset, characters, plain }: Alphabet, most: number, usual: number): string {
  const shape = r.int(0, 9);
  let chosen: readonly Character[];
  // Few and alike: keys that a collation takes as equal, with spaces at their end.
  if (shape <= 2) chosen = r.list(r.int(0, Math.min(most, 2)), () => r.pick(plain));
  else if (shape === 3)
    chosen = r.list(r.chance(0.02) ? Math.min(most, 300) : Math.min(most, usual), () => r.pick(characters));
  else chosen = r.list(r.int(0, usual), () => (r.chance(0.3) ? r.pick(plain) : r.pick(characters)));
  return `_${charset} x'${chosen.map(({ bytes }) => bytes).join('')}'`;
}

const LABEL_COUNTS = [1, 2, 3, 5, 8, 9] as const;

export function enumKind(random: Random, alphabet: Alphabet, isModern: boolean): ColumnKind {
  const labels = labelsOf(
    random,
    alphabet,
    isModern,
    random.chance(0.1) ? random.pick([255, 256, 300]) : random.pick(LABEL_COUNTS),
    true,
  );
  return {
    sql: `ENUM(${labels.map(labelLiteral).join(',')}) CHARACTER SET ${alphabet.charset} COLLATE ${random.pick(alphabet.collations)}`,
    rowBytes: 2,
    keyPart: '',
    exact: exactNumber,
    // 0 is what MySQL keeps for a text that is no label.
    value: (r) => String(r.chance(0.3) ? r.pick([0, 1, labels.length]) : r.int(0, labels.length)),
  };
}

export function setKind(random: Random, alphabet: Alphabet, isModern: boolean): ColumnKind {
  const count = random.chance(0.2) ? random.pick([16, 17, 31, 32, 33, 63, 64]) : random.pick(LABEL_COUNTS);
  const all = (1n << BigInt(count)) - 1n;
  return {
    sql: `SET(${labelsOf(random, alphabet, isModern, count, false).map(labelLiteral).join(',')}) CHARACTER SET ${alphabet.charset} COLLATE ${random.pick(alphabet.collations)}`,
    rowBytes: 8,
    keyPart: '',
    exact: exactNumber,
    value: (r) =>
      String(r.chance(0.3) ? r.pick([0n, 1n, all, all ^ 1n, 1n << BigInt(count - 1)]) : r.bits(count) & all),
  };
}

/**
 * Labels that no collation takes as equal, since they begin with different numbers. None is empty: in a text an empty
 * label and the value 0, an empty SET and a SET of an empty label are the same. Servers that do not log the charset of
 * labels get labels of ASCII: others are refused.
 */
function labelsOf(
  random: Random,
  { characters, isAsciiLike }: Alphabet,
  isModern: boolean,
  count: number,
  mayHaveCommas: boolean,
): string[] {
  if (!isAsciiLike) return random.list(count, (i) => String(100 + i));
  // MySQL keeps the names of columns and labels in the basic plane, and takes spaces off the end of labels.
  const usable = characters.filter(
    ({ text }) =>
      text.length === 1 && !/[\s\0]/.test(text) && (isModern || /[!-~]/.test(text)) && (mayHaveCommas || text !== ','),
  );
  return random.list(
    count,
    (i) => `${100 + i}${random.list(random.int(0, 3), () => random.pick(usable).text).join('')}`,
  );
}

const labelLiteral = (label: string): string => `'${label.replace(/[\\']/g, '\\$&')}'`;
