/**
 * Patterns over names of several parts, `database.table` or `database.table.column`.
 *
 * A part is either bare or in backticks. Bare: letters, digits, `_`, `$`, `-`, and the wildcards `*` (any number of
 * characters, none as well) and `?` (exactly one). In backticks: any name, literally; a backtick inside is doubled, as
 * in SQL. A pattern is compared with whole names, case and all: `shop.orders` does not match `shop.orders_2024` or
 * `Shop.orders`.
 */

/** The pattern of one part of a name. */
export interface Glob {
  /** The name that alone matches; undefined when the pattern has a wildcard. */
  readonly literal: string | undefined;
  /** It matches every name. */
  readonly matchesAll: boolean;
  matches(name: string): boolean;
  matchesIgnoringCase(name: string): boolean;
}

export type ParsedGlob =
  | { readonly ok: true; readonly parts: readonly Glob[] }
  /** `problem` is a predicate: "is not …". */
  | { readonly ok: false; readonly problem: string };

/** The longest name of a database, table or column in MySQL, in characters. */
const LONGEST_NAME = 64;
const QUOTED = /^`((?:[^`]|``)*)`/;
const BARE = /^[^.`]*/;
const FOREIGN = /[^\p{L}\p{M}\p{N}_$*?-]/u;

const FORMS = { 2: 'database.table', 3: 'database.table.column' } as const;

export function parseGlob(pattern: string, parts: 2 | 3): ParsedGlob {
  const globs: Glob[] = [];
  for (let rest = pattern; ; rest = rest.slice(1)) {
    const part = QUOTED.exec(rest)?.[0] ?? BARE.exec(rest)?.[0] ?? '';
    const isQuoted = part.startsWith('`');
    const name = isQuoted ? part.slice(1, -1).replaceAll('``', '`') : part;
    rest = rest.slice(part.length);
    const problem = partProblem(name, isQuoted, rest);
    if (problem !== undefined) return { ok: false, problem };
    globs.push(isQuoted ? literal(name) : wildcard(name));
    if (rest === '') break;
  }
  if (globs.length === parts) return { ok: true, parts: globs };
  return { ok: false, problem: `must have the form ${FORMS[parts]}; a dot inside a name is written in backticks` };
}

/** What is wrong with one part; `rest` is what stands after it. */
function partProblem(name: string, isQuoted: boolean, rest: string): string | undefined {
  if (rest !== '' && !rest.startsWith('.')) {
    return 'has backticks that do not fit: a name is either wholly in backticks or not at all';
  }
  if (name === '') return 'has an empty name';
  if (Array.from(isQuoted ? name : name.replaceAll('*', '')).length > LONGEST_NAME) {
    return `can never match: a name in MySQL has at most ${LONGEST_NAME} characters`;
  }
  if (isQuoted) return undefined;
  if (name.includes('%')) return 'holds %: the wildcard for any characters is *';
  const foreign = FOREIGN.exec(name)?.[0];
  return foreign === undefined
    ? undefined
    : `holds ${JSON.stringify(foreign)}: a name with such a character is written in backticks`;
}

function literal(text: string): Glob {
  const folded = text.toLowerCase();
  return {
    literal: text,
    matchesAll: false,
    matches: (name) => name === text,
    matchesIgnoringCase: (name) => name.toLowerCase() === folded,
  };
}

function wildcard(pattern: string): Glob {
  if (!/[*?]/.test(pattern)) return literal(pattern);
  const exact = Array.from(pattern);
  const folded = Array.from(pattern.toLowerCase());
  return {
    literal: undefined,
    matchesAll: /^\*+$/.test(pattern),
    matches: (name) => matchesWildcards(exact, Array.from(name)),
    matchesIgnoringCase: (name) => matchesWildcards(folded, Array.from(name.toLowerCase())),
  };
}

/** Greedy with one place to return to, the newest `*`: at most pattern × name steps, whatever the pattern. */
function matchesWildcards(pattern: readonly string[], name: readonly string[]): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = n;
    } else if (pattern[p] === '?' || pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
