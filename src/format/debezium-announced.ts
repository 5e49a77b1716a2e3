import { copyOf, namesOf } from './announced-parts.ts';
import type { CopyMarkFacts, DdlMessageFacts, ProgressFacts } from './format.ts';

/** What stands in `source` of every message without rows. */
interface SourceFacts {
  readonly db: string;
  readonly table: string;
  readonly atMs: number;
  readonly gtid: string;
  /** file:position */
  readonly position: string;
  /** Whole change id. */
  readonly change: string;
}

/** A statement as Debezium's schema changes are, which are on a topic of their own there. `tableChanges` is empty. */
export function debeziumDdl(facts: DdlMessageFacts): Buffer {
  const { database, tables, sql, type, source, change, gtid, position, commitTimeMs, packedAtMs } = facts;
  const [first] = tables;
  const db = first?.database ?? database;
  const from = { db, table: first?.table ?? '', atMs: commitTimeMs, gtid, position, change: `${source}:${change}` };
  return body({
    source: sourceOf(from),
    ts_ms: packedAtMs,
    databaseName: db,
    schemaName: null,
    ddl: sql,
    tableChanges: [],
    type,
    tables: namesOf(tables),
  });
}

/** Where the copy of a table begins or ends: Debezium's `m`, a message that is no change of a row. */
export function debeziumCopyMark(facts: CopyMarkFacts): Buffer {
  const { sql, database, table, source, change, position, atMs, packedAtMs } = facts;
  const from = { db: database, table, atMs, gtid: '', position, change: `${source}:${change}` };
  return body({
    op: 'm',
    source: sourceOf(from),
    message: { prefix: 'copy' },
    copy: copyOf(facts),
    sql,
    ts_ms: packedAtMs,
  });
}

/** How far a lane is, in the same form. */
export function debeziumProgress({ gtidSet, asOfMs, source, change, position, packedAtMs }: ProgressFacts): Buffer {
  const from = { db: '', table: '', atMs: asOfMs, gtid: '', position, change: `${source}:${change}` };
  return body({
    op: 'm',
    source: sourceOf(from),
    message: { prefix: 'progress' },
    progress: { gtidSet },
    ts_ms: packedAtMs,
  });
}

function sourceOf({ db, table, atMs, gtid, position, change }: SourceFacts): Readonly<Record<string, unknown>> {
  const end = position.lastIndexOf(':');
  return {
    connector: 'mysql',
    name: 'binlog-relay',
    db,
    table,
    snapshot: 'false',
    ts_ms: atMs,
    gtid: gtid === '' ? null : gtid,
    file: position.slice(0, end),
    pos: Number(position.slice(end + 1)),
    change,
  };
}

const body = (json: Readonly<Record<string, unknown>>): Buffer => Buffer.from(JSON.stringify(json));
