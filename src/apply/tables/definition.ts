/**
 * The CREATE TABLE of a copy, made from SHOW CREATE TABLE of the source: without foreign keys, CHECK, ON UPDATE and
 * partitions; UNIQUE keys are ordinary ones but for that which stands for the primary key; generated columns are
 * plain, since the messages bring their values.
 */
import { RelayError } from '../../base/errors.ts';
import { quoted } from '../../mysql/quoted.ts';

/** A name in backticks, a text in quotes, a comment, a number, a word, or one character. */
const TOKEN =
  /`(?:[^`]|``)*`|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|\/\*|\*\/|[\w$\u0080-\uffff]+|\s+|[\s\S]/g;

/** Of the column that tells when a row was deleted. */
export const SOFT_DELETE_TYPE = 'DATETIME(3) NULL DEFAULT NULL';

/**
 * `name`: of the copy, as SQL has it; `softDelete`: of a column that is added. Throws TARGET_TABLE_MISSING when the
 * definition is not understood.
 */
export function copyDefinition(showCreate: string, name: string, softDelete?: string): string {
  const tokens: Tokens = showCreate.match(TOKEN) ?? [];
  const open = tokens.indexOf('(');
  const close = matching(tokens, open);
  if (!/^create\s+table\b/i.test(showCreate) || open === -1 || close === -1)
    throw notUnderstood('it is no CREATE TABLE');
  const elements = split(tokens.slice(open + 1, close));
  const nullable = new Set(
    elements
      .filter(isColumn)
      .filter((column) => !isNotNull(column))
      .map((column) => column[0]),
  );
  const hasPrimary = elements.some((element) => startsWith(element, 'PRIMARY', 'KEY'));
  let needsKey = !hasPrimary;
  const lines: string[] = [];
  for (const element of elements) {
    if (isColumn(element)) {
      lines.push(columnDefinition(element));
    } else if (startsWith(element, 'UNIQUE')) {
      const isKey = needsKey && keyColumns(element).every((part) => part !== undefined && !nullable.has(part));
      if (isKey) needsKey = false;
      lines.push(textOf(isKey ? element : element.slice(1)));
    } else if (isOther(element)) {
      lines.push(textOf(element));
    }
  }
  // Where the source has it itself, the check of the table says so.
  const isTaken = elements.some((element) => element[0]?.toLowerCase() === quoted(softDelete ?? '').toLowerCase());
  if (softDelete !== undefined && !isTaken) lines.push(`${quoted(softDelete)} ${SOFT_DELETE_TYPE}`);
  return `CREATE TABLE IF NOT EXISTS ${name} (\n  ${lines.join(',\n  ')}\n) ${options(tokens.slice(close + 1))}`;
}

type Tokens = readonly string[];

/** Where the bracket that closes the one at `open` stands. */
function matching(tokens: Tokens, open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i += 1) {
    if (tokens[i] === '(') depth += 1;
    if (tokens[i] === ')') depth -= 1;
    if (depth === 0) return i;
  }
  return -1;
}

/** At the commas of the outermost level, each element without spaces at its ends. */
function split(tokens: Tokens): readonly Tokens[] {
  const elements: string[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (token === ',' && depth === 0) elements.push([]);
    else if (elements.at(-1)?.length !== 0 || token.trim() !== '') elements.at(-1)?.push(token);
  }
  return elements;
}

const textOf = (tokens: Tokens): string => tokens.join('').trim();
const words = (tokens: Tokens): Tokens => tokens.filter((token) => token.trim() !== '');
const isColumn = (element: Tokens): boolean => element[0]?.startsWith('`') === true;

function startsWith(element: Tokens, ...expected: readonly string[]): boolean {
  const found = words(element);
  return expected.every((word, i) => found[i]?.toUpperCase() === word);
}

/** Keys, but no constraint, and no period of a system-versioned table. */
function isOther(element: Tokens): boolean {
  if (startsWith(element, 'PERIOD')) throw notUnderstood('it is system-versioned');
  return !startsWith(element, 'CONSTRAINT') && !startsWith(element, 'CHECK') && !startsWith(element, 'FOREIGN');
}

function isNotNull(column: Tokens): boolean {
  const found = words(column).map((word) => word.toUpperCase());
  return found.some((word, i) => word === 'NOT' && found[i + 1] === 'NULL');
}

/** Names in backticks; undefined for an expression or the beginning of a column. */
function keyColumns(element: Tokens): readonly (string | undefined)[] {
  const open = element.indexOf('(');
  return split(element.slice(open + 1, matching(element, open))).map((part) =>
    words(part).length === 1 && isColumn(part) ? part[0] : undefined,
  );
}

function columnDefinition(column: Tokens): string {
  const kept: string[] = [];
  const next = (from: number): number => {
    let i = from;
    while (column[i]?.trim() === '') i += 1;
    return i;
  };
  const is = (i: number, word: string): boolean => column[i]?.toUpperCase() === word;
  for (let i = 0; i < column.length; i += 1) {
    const second = next(i + 1);
    if (is(i, 'ON') && is(second, 'UPDATE')) {
      const open = next(second + 1) + 1;
      i = column[open] === '(' ? matching(column, open) : open - 1;
    } else if (is(i, 'CHECK') && column[second] === '(') {
      i = matching(column, second);
    } else if (is(i, 'GENERATED') && is(second, 'ALWAYS')) {
      const open = next(next(second + 1) + 1);
      if (column[open] !== '(') throw notUnderstood('it is system-versioned');
      i = next(matching(column, open) + 1);
      if (!is(i, 'VIRTUAL') && !is(i, 'STORED') && !is(i, 'PERSISTENT')) throw notUnderstood('of a generated column');
    } else {
      kept.push(column[i] ?? '');
    }
  }
  return textOf(kept);
}

/** Of what stands behind the elements: charset, collation and row format. */
function options(tokens: Tokens): string {
  const found = words(tokens);
  const valueOf = (name: string): string | undefined => {
    const at = found.findIndex((word, i) => word.toUpperCase() === name && found[i + 1] === '=');
    return at === -1 ? undefined : found[at + 2];
  };
  const kept = [
    ['DEFAULT CHARSET', valueOf('CHARSET')],
    ['COLLATE', valueOf('COLLATE')],
    ['ROW_FORMAT', valueOf('ROW_FORMAT')],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  return ['ENGINE=InnoDB', ...kept].join(' ');
}

const notUnderstood = (why: string): RelayError =>
  new RelayError('TARGET_TABLE_MISSING', `the definition that the copy brings cannot be used: ${why}`, {
    remedy: 'Make the table in the target by hand: docs/apply.md says how.',
  });
