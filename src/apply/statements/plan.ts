/**
 * How a statement of the source is run in the target: a short list of forms that are understood word by word. Whatever
 * else there may be in them is left to the operator. Pure.
 */
import { readDdl } from '../../binlog/statements/ddl-statement.ts';
import { SqlTokens, type Quoting } from '../../binlog/statements/sql-tokens.ts';
import type { StatementNames } from '../ledger/statement-notes.ts';
import type { TableOfSource } from '../ledger/ledger-place.ts';
import { alterProblem, UNIQUE } from './alter-actions.ts';
import { isRenameAlone, movesOf, type Move } from './moves.ts';
import { tokensOf, wordOf, type Token } from './tokens.ts';

export type StatementPlan =
  /** Changes the definition of one table; `sqlFor` the name of the table in the target, as SQL has it. */
  | { readonly is: 'alter'; readonly table: TableOfSource; readonly sqlFor: (name: string) => string }
  /** Makes one table; the definition is to be made that of a copy. `saysCollation`: of the whole table. */
  | {
      readonly is: 'create';
      readonly table: TableOfSource;
      readonly sqlFor: (name: string) => string;
      readonly saysCollation: boolean;
    }
  /** These may run again whenever the statement comes again. */
  | { readonly is: 'drop' | 'truncate'; readonly tables: readonly TableOfSource[] }
  /** Gives tables other names, in this order. */
  | { readonly is: 'rename'; readonly moves: readonly Move[] }
  | { readonly is: 'refused'; readonly why: string };

/** Without what a session's sql_mode decides, there is nothing to know of it. */
const QUOTING: Quoting = { ansiQuotes: false, backslashEscapes: true };

/** `names`: the tables that it names, as the message says. */
export function planStatement(statement: string, names: StatementNames): StatementPlan {
  const sql = statement.replace(/[;\s]+$/, '');
  const tables = tablesOf(names);
  if (tables === undefined) return refused('which tables it names is not clear');
  const textProblem = problemOfText(sql);
  const { kind } = readDdl(sql, NO_DATABASE, QUOTING);
  if (kind === 'DROP TABLE') return { is: 'drop', tables };
  if (kind === 'TRUNCATE TABLE') return { is: 'truncate', tables };
  if (textProblem !== undefined) return refused(textProblem);
  if (kind === 'RENAME TABLE' || (kind === 'ALTER TABLE' && isRename(new SqlTokens(sql, QUOTING))))
    return rename(sql, names);
  const [table, ...others] = tables;
  if (table === undefined || others.length > 0) return refused('it names several tables');
  const words = new SqlTokens(sql, QUOTING);
  switch (kind) {
    case 'ALTER TABLE':
      return alter(words, table);
    case 'CREATE TABLE':
      return create(words, table);
    case 'CREATE INDEX':
    case 'DROP INDEX':
      return index(words, table);
    default:
      return refused('it is none that apply runs');
  }
}

/** Names stand in `names`, with their databases. */
const NO_DATABASE = '-';

function tablesOf(names: StatementNames): readonly TableOfSource[] | undefined {
  const tables = names.flatMap(([database, table]) => (table === null ? [] : [{ database, table }]));
  return tables.length === names.length && tables.length > 0 ? tables : undefined;
}

const refused = (why: string): StatementPlan => ({ is: 'refused', why });

function problemOfText(sql: string): string | undefined {
  if (/["\\]/.test(sql)) return 'what its double quotes and backslashes mean depends on the sql_mode of its session';
  if (/\/\*M?!/.test(sql)) return 'it has comments that some servers execute';
  const tokens = tokensOf(sql);
  if (tokens === undefined) return 'it cannot be read';
  return tokens.some(({ kind, text }) => kind === 'sign' && text === ';') ? 'it is several statements' : undefined;
}

/** The text behind the name of a table, which is taken. */
function restAfterName(words: SqlTokens): string | undefined {
  if (words.takeName() === undefined) return undefined;
  if (!words.rest.startsWith('.')) return words.rest;
  words.takeSign('.');
  return words.takeName() === undefined ? undefined : words.rest;
}

function alter(words: SqlTokens, table: TableOfSource): StatementPlan {
  if (words.word() !== 'ALTER' || !words.takeWord('TABLE')) return refused('of words before TABLE');
  const rest = restAfterName(words);
  const problem = rest === undefined ? 'the name of its table is not clear' : alterProblem(rest);
  return problem === undefined
    ? { is: 'alter', table, sqlFor: (name) => `ALTER TABLE ${name} ${rest ?? ''}` }
    : refused(problem);
}

/** ALTER TABLE that does nothing else. */
function isRename(words: SqlTokens): boolean {
  if (words.word() !== 'ALTER' || !words.takeWord('TABLE')) return false;
  const rest = restAfterName(words);
  return rest !== undefined && isRenameAlone(rest);
}

function rename(sql: string, names: StatementNames): StatementPlan {
  if (tokensOf(sql)?.some((token) => wordOf(token) === 'EXISTS') !== false) return refused('of IF EXISTS in it');
  const moves = movesOf(sql, names, QUOTING);
  return moves === undefined ? refused('which tables it names is not clear') : { is: 'rename', moves };
}

function create(words: SqlTokens, table: TableOfSource): StatementPlan {
  if (words.word() !== 'CREATE' || !words.takeWord('TABLE')) return refused('of words before TABLE');
  words.takeWords('IF', 'NOT', 'EXISTS');
  const rest = restAfterName(words);
  const tokens = rest === undefined ? undefined : tokensOf(rest);
  const [first] = tokens ?? [];
  if (rest === undefined || tokens === undefined || first?.kind !== 'sign' || first.text !== '(') {
    return refused('it does not begin with its columns');
  }
  const other = tokens.find(({ kind, text }) => kind === 'word' && NOT_IN_CREATE.has(text.toUpperCase()));
  if (other !== undefined) return refused(`of ${other.text.toUpperCase()} in it`);
  return { is: 'create', table, sqlFor: (name) => `CREATE TABLE ${name} ${rest}`, saysCollation: hasCollation(tokens) };
}

function hasCollation(tokens: readonly Token[]): boolean {
  let depth = 0;
  return tokens.some((token) => {
    if (token.kind === 'sign' && token.text === '(') depth += 1;
    if (token.kind === 'sign' && token.text === ')') depth -= 1;
    return depth === 0 && wordOf(token) === 'COLLATE';
  });
}

/** Rows, other tables, and places of files. */
const NOT_IN_CREATE = new Set(['SELECT', 'LIKE', 'TABLE', 'VALUES', 'UNION', 'DIRECTORY', 'TABLESPACE', 'START']);

function index(words: SqlTokens, table: TableOfSource): StatementPlan {
  const verb = words.word();
  const kind = words.takeWord('FULLTEXT') ? 'FULLTEXT ' : words.takeWord('SPATIAL') ? 'SPATIAL ' : '';
  if (words.takeWord('UNIQUE')) return refused(UNIQUE);
  if (!words.takeWord('INDEX')) return refused('of words before INDEX');
  const name = words.takeName();
  if (name === undefined || name.toUpperCase() === 'PRIMARY') return refused('it is about the primary key');
  if (!words.takeWord('ON')) return refused('of words before ON');
  const rest = restAfterName(words);
  if (rest === undefined) return refused('the name of its table is not clear');
  const quotedName = `\`${name.replaceAll('`', '``')}\``;
  return { is: 'alter', table, sqlFor: (target) => `${verb} ${kind}INDEX ${quotedName} ON ${target} ${rest}` };
}
