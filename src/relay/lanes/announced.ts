/** What is announced in every lane, as its messages. */
import type { CopyMark, Format, PublishedDdl } from '../../format/format.ts';
import type { Announced } from './delivery.ts';

export function announcedDdl(ddl: PublishedDdl, format: Format): Announced {
  const { tables, sql, source, change, commitTimeMs } = ddl;
  return {
    commitTimeMs,
    sizeBytes: sql.length,
    isDdl: true,
    tag: DDL_TAG,
    database: tables[0]?.database ?? ANY,
    table: tables[0]?.table ?? ANY,
    kind: ddl.type,
    id: `${source}:${change}`,
    body: (packedAtMs, sequence) => format.ddl({ ...ddl, packedAtMs, sequence }),
  };
}

export function announcedMark(mark: CopyMark, format: Format): Announced {
  const { database, table, sql, source, change, atMs, copy, what } = mark;
  return {
    commitTimeMs: atMs,
    sizeBytes: sql.length,
    isDdl: false,
    tag: COPY_TAG,
    database,
    table,
    kind: 'CREATE',
    id: `${source}:${change}`,
    copy,
    copyMark: what,
    body: (packedAtMs, sequence) => format.copyMark({ ...mark, packedAtMs, sequence }),
  };
}

/** No table's tag is one word. */
const DDL_TAG = 'ddl';
const COPY_TAG = 'copy';
const ANY = '*';
