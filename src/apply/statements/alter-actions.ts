import { splitAtCommas, tokensOf, wordOf, type Token } from './tokens.ts';

/** Why what stands behind the name in ALTER TABLE is not run; undefined when it is. */
export function alterProblem(rest: string): string | undefined {
  const tokens = tokensOf(rest);
  if (tokens === undefined || tokens.length === 0) return 'it cannot be read';
  for (const action of splitAtCommas(tokens)) {
    const problem = problemOf(action);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOf(action: readonly Token[]): string | undefined {
  const [verb, second] = [wordOf(action[0]), wordOf(action[1])];
  switch (verb) {
    case 'ADD':
      if (INDEXES.has(second)) return wordProblem(action.slice(2));
      return NOT_ADDED.get(second) ?? definitionProblem(action.slice(1));
    case 'MODIFY':
    case 'CHANGE':
      return definitionProblem(action.slice(1));
    case 'DROP':
      return dropProblem(action);
    case 'ALTER':
      return second === 'INDEX' || second === 'CHECK' || second === 'CONSTRAINT'
        ? `of ALTER ${second}`
        : (wordProblem(action.slice(1)) ?? defaultProblem(action));
    case 'RENAME':
      return second === 'COLUMN' || INDEXES.has(second) ? undefined : 'it gives the table another name';
    case 'COMMENT':
    case 'ALGORITHM':
    case 'LOCK':
      return wordProblem(action.slice(1));
    default:
      return `of ${verb === '' ? 'what stands behind the name of its table' : verb}`;
  }
}

const INDEXES = new Set(['INDEX', 'KEY', 'FULLTEXT', 'SPATIAL']);

export const UNIQUE = 'it makes a UNIQUE key, which a copy must not have: make it an ordinary INDEX there';

const FOREIGN = 'it makes a constraint, which a copy must not have: leave that out there';

const NOT_ADDED: ReadonlyMap<string, string> = new Map([
  ['UNIQUE', UNIQUE],
  ['CONSTRAINT', FOREIGN],
  ['FOREIGN', FOREIGN],
  ['CHECK', FOREIGN],
  ['PRIMARY', 'it changes the primary key'],
]);

function dropProblem(action: readonly Token[]): string | undefined {
  const second = wordOf(action[1]);
  if (['PRIMARY', 'FOREIGN', 'CHECK', 'CONSTRAINT', 'PARTITION', 'SYSTEM', 'PERIOD', 'IF'].includes(second)) {
    return `of DROP ${second}`;
  }
  const isNamed = second === 'COLUMN' || INDEXES.has(second);
  const name = action[isNamed ? 2 : 1];
  if (name === undefined || action.length > (isNamed ? 3 : 2)) return 'of what stands behind DROP';
  return INDEXES.has(second) && name.text.toUpperCase() === 'PRIMARY' ? 'it changes the primary key' : undefined;
}

/** Words that make of a column, or of the table, what a copy is not, or what is not the same there. */
const NOT_IN_DEFINITION = new Set([
  ...['UNIQUE', 'PRIMARY', 'KEY', 'REFERENCES', 'CHECK', 'CONSTRAINT', 'GENERATED', 'AS', 'AUTO_INCREMENT', 'SERIAL'],
  ...['ON', 'PARTITION', 'REMOVE', 'SYSTEM', 'VERSIONING', 'SELECT', 'UNION', 'RENAME', 'EXISTS'],
  // Without a default of its own it depends on a variable of the session.
  'TIMESTAMP',
]);

function wordProblem(tokens: readonly Token[]): string | undefined {
  const found = tokens.map(wordOf).find((word) => NOT_IN_OPTIONS.has(word));
  return found === undefined ? undefined : `of ${found} in it`;
}

/** What may begin another part of the statement without a comma. */
const NOT_IN_OPTIONS = new Set(['PARTITION', 'REMOVE', 'REFERENCES', 'SELECT', 'UNION', 'RENAME']);

/** `COLUMN x INT …`, and several in brackets. */
function definitionProblem(tokens: readonly Token[]): string | undefined {
  const found = tokens.map(wordOf).find((word) => NOT_IN_DEFINITION.has(word));
  return found === undefined ? defaultProblem(tokens) : `of ${found} in it`;
}

/** What a default computes is another value for the rows of the target. */
function defaultProblem(tokens: readonly Token[]): string | undefined {
  const isComputed = tokens.some((token, i) => wordOf(token) === 'DEFAULT' && !isLiteral(tokens, i + 1));
  return isComputed ? 'its default is no plain value' : undefined;
}

function isLiteral(tokens: readonly Token[], at: number): boolean {
  const [token, next] = [tokens[at], tokens[at + 1]];
  // `DROP DEFAULT`
  if (token === undefined) return wordOf(tokens[at - 2]) === 'DROP';
  if (token.kind === 'string') return true;
  if (token.kind === 'sign') return (token.text === '-' || token.text === '+') && /^[0-9]/.test(wordOf(next));
  const word = wordOf(token);
  return /^[0-9]/.test(word) || ['NULL', 'TRUE', 'FALSE'].includes(word);
}
