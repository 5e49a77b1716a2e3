/**
 * Which tables a statement of the binlog that is neither rows nor transaction control can have to do with. Only the
 * names are read, no SQL is parsed: what is not understood is `unclear`, never `none`.
 * Source: the MySQL manual, "Data Definition Statements"; MariaDB's additions (OR REPLACE, IF EXISTS, WAIT, ONLINE)
 * from its knowledge base.
 */
import { afterSetStatement } from './set-statement.ts';
import { SqlTokens, type Quoting } from './sql-tokens.ts';

/** As Canal names them in `type` (com.alibaba.otter.canal.protocol.CanalEntry.EventType); QUERY is everything else. */
export type DdlType = 'CREATE' | 'ALTER' | 'ERASE' | 'TRUNCATE' | 'RENAME' | 'CINDEX' | 'DINDEX' | 'QUERY';

export interface DdlObject {
  readonly database: string;
  /** Undefined: every table of the database. */
  readonly table: string | undefined;
}

export interface DdlStatement {
  /** What it is, in words: `DROP TABLE`. Never a name or a value. */
  readonly kind: string;
  readonly type: DdlType;
  /** `none`: it can touch no table. Names stand as written, whatever lower_case_table_names makes of them. */
  readonly objects: 'none' | 'unclear' | readonly DdlObject[];
  /** Rows or columns of tables that were there before may be others now. */
  readonly isDifference: boolean;
}

/**
 * Reads a statement as the server wrote it to the binlog; `database` is the default database of its session, empty when
 * it had none.
 */
export function readDdl(statement: string, database: string, quoting?: Quoting): DdlStatement {
  const read = readNames(afterSetStatement(statement, quoting) ?? new SqlTokens('', quoting), database);
  const { objects } = read;
  if (typeof objects === 'string' || !statement.includes(REPLACEMENT)) return read;
  // In a string such bytes hide nothing, unless it is not known where it ends; a name may be any other one.
  const isClear = quoting !== undefined && !objects.some(({ database: name }) => name.includes(REPLACEMENT));
  return { ...read, objects: isClear ? objects.map(withoutReplacement) : 'unclear' };
}

const withoutReplacement = (object: DdlObject): DdlObject =>
  object.table?.includes(REPLACEMENT) === true ? { ...object, table: undefined } : object;

/** What bytes are read as that are no characters. */
export const REPLACEMENT = '\ufffd';

function readNames(sql: SqlTokens, database: string): DdlStatement {
  while (sql.takeSign('(') || sql.takeSign(';'));
  const verb = sql.word();
  const objects = new Objects(sql, database);
  switch (verb) {
    case 'CREATE':
      return create(sql, objects);
    case 'ALTER':
      return alter(sql, objects);
    case 'DROP':
      return drop(sql, objects);
    case 'RENAME':
      if (!sql.takeWord('TABLE', 'TABLES')) return unclear(verb);
      return { kind: 'RENAME TABLE', type: 'RENAME', objects: objects.renamed(), isDifference: true };
    case 'DELETE':
      // As MySQL 8.0 tells that a MEMORY table is empty after a restart.
      sql.takeWord('FROM');
      return { kind: 'DELETE FROM', type: 'TRUNCATE', objects: objects.list(), isDifference: true };
    case 'TRUNCATE':
      sql.takeWord('TABLE');
      return { kind: 'TRUNCATE TABLE', type: 'TRUNCATE', objects: objects.list(), isDifference: true };
    case 'REPAIR':
      sql.takeWord('NO_WRITE_TO_BINLOG', 'LOCAL');
      if (!sql.takeWord('TABLE', 'TABLES')) return unclear(verb);
      return { kind: 'REPAIR TABLE', type: 'QUERY', objects: objects.list(), isDifference: true };
    default:
      return HARMLESS_VERBS.has(verb) ? harmless(verb) : unclear('');
  }
}

const HARMLESS_VERBS = new Set([
  'ANALYZE',
  'CHECK',
  'FLUSH',
  'GRANT',
  'INSTALL',
  'OPTIMIZE',
  'REVOKE',
  'SET',
  'UNINSTALL',
]);
/** What CREATE, ALTER and DROP can stand before that holds no rows, and what can stand only before such. */
const HARMLESS_OBJECTS = new Set([
  ...['VIEW', 'PROCEDURE', 'FUNCTION', 'PACKAGE', 'LIBRARY', 'TRIGGER', 'EVENT', 'SERVER', 'USER', 'ROLE', 'INSTANCE'],
  ...['TABLESPACE', 'UNDO', 'LOGFILE', 'RESOURCE', 'DEFINER', 'ALGORITHM', 'SQL', 'AGGREGATE', 'JSON'],
]);

function create(sql: SqlTokens, objects: Objects): DdlStatement {
  const replaces = sql.takeWord('OR');
  if (replaces) sql.takeWord('REPLACE');
  if (sql.takeWord('TEMPORARY')) return harmless('CREATE TEMPORARY TABLE');
  sql.takeWord('ONLINE', 'OFFLINE');
  sql.takeWord('UNIQUE', 'FULLTEXT', 'VECTOR');
  const isSpatial = sql.takeWord('SPATIAL');
  const word = sql.word();
  if (word === 'TABLE') {
    sql.takeWords('IF', 'NOT', 'EXISTS');
    return {
      kind: 'CREATE TABLE',
      type: 'CREATE',
      objects: objects.first(),
      isDifference: objects.bringsRows() || replaces,
    };
  }
  if (word === 'SEQUENCE') {
    sql.takeWords('IF', 'NOT', 'EXISTS');
    return sequence('CREATE', objects.first());
  }
  if (word === 'DATABASE' || word === 'SCHEMA') {
    sql.takeWords('IF', 'NOT', 'EXISTS');
    return { kind: 'CREATE DATABASE', type: 'QUERY', objects: objects.database(), isDifference: replaces };
  }
  if (word === 'INDEX')
    return { kind: 'CREATE INDEX', type: 'CINDEX', objects: objects.afterOn(), isDifference: false };
  if (isSpatial && word === 'REFERENCE') return harmless('CREATE SPATIAL REFERENCE SYSTEM');
  return HARMLESS_OBJECTS.has(word) ? harmless(`CREATE ${word}`) : unclear('CREATE');
}

function alter(sql: SqlTokens, objects: Objects): DdlStatement {
  while (sql.takeWord('ONLINE', 'OFFLINE', 'IGNORE'));
  const word = sql.word();
  if (word === 'TABLE') {
    sql.takeWords('IF', 'EXISTS');
    return { kind: 'ALTER TABLE', type: 'ALTER', objects: objects.altered(), isDifference: true };
  }
  if (word === 'SEQUENCE') {
    sql.takeWords('IF', 'EXISTS');
    return sequence('ALTER', objects.first());
  }
  // Only defaults for tables to come; the name may be left out.
  if (word === 'DATABASE' || word === 'SCHEMA')
    return { kind: 'ALTER DATABASE', type: 'QUERY', objects: objects.database(), isDifference: false };
  return HARMLESS_OBJECTS.has(word) ? harmless(`ALTER ${word}`) : unclear('ALTER');
}

function drop(sql: SqlTokens, objects: Objects): DdlStatement {
  if (sql.takeWord('TEMPORARY')) return harmless('DROP TEMPORARY TABLE');
  while (sql.takeWord('ONLINE', 'OFFLINE'));
  const word = sql.word();
  if (word === 'SPATIAL') return harmless('DROP SPATIAL REFERENCE SYSTEM');
  const kind = `DROP ${word}`;
  if (HARMLESS_OBJECTS.has(word)) return harmless(kind);
  if (word === 'INDEX') return { kind, type: 'DINDEX', objects: objects.afterOn(), isDifference: false };
  sql.takeWords('IF', 'EXISTS');
  if (word === 'SEQUENCE' || word === 'SEQUENCES') return sequence('DROP', objects.list());
  if (word === 'TABLE' || word === 'TABLES')
    return { kind: 'DROP TABLE', type: 'ERASE', objects: objects.list(), isDifference: true };
  if (word === 'DATABASE' || word === 'SCHEMA')
    return { kind: 'DROP DATABASE', type: 'QUERY', objects: objects.database(), isDifference: true };
  return unclear('DROP');
}

/** MariaDB's. A sequence is a table with one row, and may have the name of a published one. */
const sequence = (verb: string, objects: DdlStatement['objects']): DdlStatement => ({
  kind: `${verb} SEQUENCE`,
  type: 'QUERY',
  objects,
  isDifference: true,
});

const harmless = (kind: string): DdlStatement => ({ kind, type: 'QUERY', objects: 'none', isDifference: false });

const unclear = (verb: string): DdlStatement => ({
  kind: `${verb} …`.trim(),
  type: 'QUERY',
  objects: 'unclear',
  isDifference: true,
});

/** Reads the names of a statement from where its words have come to. */
class Objects {
  readonly #sql: SqlTokens;
  readonly #database: string;

  constructor(sql: SqlTokens, database: string) {
    this.#sql = sql;
    this.#database = database;
  }

  /** One name, whatever comes after it. */
  first(): DdlStatement['objects'] {
    const table = this.#table();
    return table === undefined ? 'unclear' : [table];
  }

  database(): DdlStatement['objects'] {
    const name = this.#sql.takeName();
    return name === undefined ? 'unclear' : [{ database: name, table: undefined }];
  }

  /**
   * Behind the name of CREATE TABLE: a query. Where its rows are logged as rows, the server leaves it out of the
   * statement.
   */
  bringsRows(): boolean {
    for (;;) {
      const token = this.#sql.next();
      if (token.kind === 'end') return false;
      if (token.kind === 'unreadable') return /\bSELECT\b/i.test(this.#sql.rest);
      if (token.kind !== 'word') continue;
      const word = token.text.toUpperCase();
      if (word === 'SELECT' || word === 'TABLE') return true;
      if (word === 'VALUES' && !this.#sql.takeWord('LESS', 'IN')) return true;
    }
  }

  /** `a, b`, and nothing after them that is not known. */
  list(): DdlStatement['objects'] {
    const tables: DdlObject[] = [];
    do {
      const table = this.#table();
      if (table === undefined) return 'unclear';
      tables.push(table);
    } while (this.#sql.takeSign(','));
    return this.#isAtEnd() ? tables : 'unclear';
  }

  /** `a TO b, c TO d` */
  renamed(): DdlStatement['objects'] {
    const tables: DdlObject[] = [];
    do {
      this.#sql.takeWords('IF', 'EXISTS');
      const from = this.#table();
      this.#skipWait();
      const to = this.#sql.takeWord('TO') ? this.#table() : undefined;
      if (from === undefined || to === undefined) return 'unclear';
      tables.push(from, to);
    } while (this.#sql.takeSign(','));
    return this.#isAtEnd() ? tables : 'unclear';
  }

  /** The table of CREATE INDEX and DROP INDEX. */
  afterOn(): DdlStatement['objects'] {
    for (let left = MAX_TOKENS_BEFORE_ON; left > 0; left -= 1) {
      if (this.#sql.takeWord('ON')) return this.first();
      this.#sql.next();
    }
    return 'unclear';
  }

  /**
   * The table of ALTER TABLE, the name that it gives to it, and the table that becomes a partition of it or the other
   * way round.
   */
  altered(): DdlStatement['objects'] {
    const table = this.#table();
    if (table === undefined) return 'unclear';
    const tables = [table];
    for (;;) {
      const token = this.#sql.next();
      if (token.kind === 'end') return tables;
      if (token.kind === 'unreadable') return 'unclear';
      if (token.kind !== 'word' || !this.#leadsToTable(token.text.toUpperCase())) continue;
      const other = this.#table();
      if (other === undefined) return 'unclear';
      tables.push(other);
    }
  }

  /**
   * RENAME [TO | AS | =] name, but not RENAME COLUMN; EXCHANGE PARTITION p WITH TABLE name; MariaDB's CONVERT
   * PARTITION p TO TABLE name and CONVERT TABLE name TO PARTITION p. All these first words are reserved: as names
   * they are quoted.
   */
  #leadsToTable(word: string): boolean {
    if (word === 'WITH' || word === 'CONVERT' || word === 'TO') return this.#sql.takeWord('TABLE');
    if (word !== 'RENAME' || this.#sql.takeWord('COLUMN', 'INDEX', 'KEY')) return false;
    if (!this.#sql.takeWord('TO', 'AS')) this.#sql.takeSign('=');
    return true;
  }

  #table(): DdlObject | undefined {
    const first = this.#sql.takeName();
    if (first === undefined) return undefined;
    if (!this.#sql.takeSign('.')) return this.#database === '' ? undefined : { database: this.#database, table: first };
    const table = this.#sql.takeName();
    return table === undefined ? undefined : { database: first, table };
  }

  #skipWait(): void {
    if (this.#sql.takeWord('WAIT')) this.#sql.next();
    else this.#sql.takeWord('NOWAIT');
  }

  #isAtEnd(): boolean {
    this.#sql.takeWord('RESTRICT', 'CASCADE');
    this.#skipWait();
    while (this.#sql.takeSign(';'));
    return this.#sql.peek().kind === 'end';
  }
}

/** IF NOT EXISTS name USING BTREE, at most. */
const MAX_TOKENS_BEFORE_ON = 7;
