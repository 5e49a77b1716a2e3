import type { DdlMessageFacts } from './format.ts';

/**
 * A statement in Canal's flat JSON, as its server sends it when DDL is not filtered: without rows and types. Added to
 * it, as in messages of rows, `source` and `changes`; and `position` and `tables`. See docs/message-format.md.
 */
export function canalDdl({ type, database, tables, sql, ...facts }: DdlMessageFacts): Buffer {
  const [first] = tables;
  const body = {
    type,
    database: first?.database ?? database,
    table: first?.table ?? '',
    pkNames: null,
    isDdl: true,
    sql,
    mysqlType: null,
    sqlType: null,
    source: facts.source,
    data: null,
    old: null,
    changes: [facts.change],
    tables: tables.map((table) => [table.database, table.table ?? null]),
    gtid: facts.gtid,
    position: facts.position,
    es: facts.commitTimeMs,
    ts: facts.packedAtMs,
    id: facts.sequence,
  };
  return Buffer.from(JSON.stringify(body));
}
