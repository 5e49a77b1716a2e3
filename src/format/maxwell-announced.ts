import type { DdlType } from '../binlog/statements/ddl-statement.ts';
import { copyOf, namesOf } from './announced-parts.ts';
import type { CopyMarkFacts, DdlMessageFacts, ProgressFacts } from './format.ts';

/** Maxwell has no type for the last two. */
const TYPES: Readonly<Record<DdlType, string>> = {
  CREATE: 'table-create',
  ERASE: 'table-drop',
  ALTER: 'table-alter',
  RENAME: 'table-alter',
  CINDEX: 'table-alter',
  DINDEX: 'table-alter',
  TRUNCATE: 'table-truncate',
  QUERY: 'query',
};

/** A statement, without Maxwell's `old` and `def`, the definitions of the table before and after it. */
export function maxwellDdl(facts: DdlMessageFacts): Buffer {
  const { type, database, tables, sql, commitTimeMs, gtid, ...place } = facts;
  const [first] = tables;
  return body(
    { type: TYPES[type], database: first?.database ?? database, table: first?.table ?? '', atMs: commitTimeMs },
    place,
    { sql, ...(gtid !== '' && { gtid }), tables: namesOf(tables) },
  );
}

/** Where the copy of a table begins or ends. */
export function maxwellCopyMark(facts: CopyMarkFacts): Buffer {
  const { sql, database, table, atMs } = facts;
  const type = facts.what === 'begin' ? 'bootstrap-start' : 'bootstrap-complete';
  return body({ type, database, table, atMs }, facts, {
    data: {},
    copy: copyOf(facts),
    sql,
  });
}

/** How far a lane is: of a type that Maxwell does not have. */
export function maxwellProgress({ gtidSet, asOfMs, ...place }: ProgressFacts): Buffer {
  return body({ type: 'progress', database: '', table: '', atMs: asOfMs }, place, { progress: { gtidSet } });
}

interface Head {
  readonly type: string;
  readonly database: string;
  readonly table: string;
  readonly atMs: number;
}

interface Place {
  readonly source: string;
  readonly change: string;
  readonly position: string;
}

function body(
  { type, database, table, atMs }: Head,
  { source, change, position }: Place,
  added: Readonly<Record<string, unknown>>,
): Buffer {
  const times = { ts: Math.floor(atMs / 1000), ts_ms: atMs };
  return Buffer.from(
    JSON.stringify({ database, table, type, ...times, ...added, position, change: `${source}:${change}` }),
  );
}
