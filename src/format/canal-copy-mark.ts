import type { CopyMarkFacts } from './format.ts';

/**
 * Where the copy of a table begins or ends, in Canal's flat JSON: as the CREATE TABLE of a table that is there already,
 * which Flink's canal-json passes over, with `copy` added. Not `isDdl`, so that no reader runs it unasked. See
 * docs/message-format.md.
 */
export function canalCopyMark({ copy, what, database, table, sql, ...facts }: CopyMarkFacts): Buffer {
  const body = {
    type: 'CREATE',
    database,
    table,
    pkNames: null,
    isDdl: false,
    sql,
    mysqlType: null,
    sqlType: null,
    source: facts.source,
    data: null,
    old: null,
    changes: [facts.change],
    copy: { id: copy, mark: what, rows: facts.rows, replaces: facts.replaces, gtidSet: facts.gtidSet },
    gtid: '',
    position: facts.position,
    es: facts.atMs,
    ts: facts.packedAtMs,
    id: facts.sequence,
  };
  return Buffer.from(JSON.stringify(body));
}
