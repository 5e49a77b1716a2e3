/** What is said in every lane, as its messages. */
import type { CopyMark, Format, Progress, PublishedDdl } from '../../format/format.ts';
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

export function announcedProgress(progress: Progress, format: Format): Announced {
  const { gtidSet, source, change, asOfMs } = progress;
  return {
    commitTimeMs: asOfMs,
    sizeBytes: gtidSet.length + PROGRESS_BYTES,
    isDdl: false,
    tag: PROGRESS_TAG,
    database: ANY,
    table: ANY,
    kind: 'CREATE',
    id: `${source}:${change}`,
    body: (packedAtMs, sequence) => format.progress({ ...progress, packedAtMs, sequence }),
  };
}

/** More than its body takes beside the GTID set. */
const PROGRESS_BYTES = 1024;
/** No table's tag is one word. */
const DDL_TAG = 'ddl';
const COPY_TAG = 'copy';
const PROGRESS_TAG = 'progress';
const ANY = '*';
