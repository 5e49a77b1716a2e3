import type { Column, Table } from '../binlog/binlog.ts';
import { mysqlTypeOf, sqlTypeOf } from '../binlog/rows/columns.ts';
import { compileObject, compileSelected, type RowColumn } from '../binlog/rows/row-compiler.ts';
import { canalCopyMark } from './canal-copy-mark.ts';
import { canalDdl } from './canal-ddl.ts';
import { canalProgress } from './canal-progress.ts';
import type { Format, Marks, MessageFacts, TableFormat } from './format.ts';
import { markTexts, roomOf } from './row-parts.ts';

/**
 * Canal's flat JSON (com.alibaba.otter.canal.protocol.FlatMessage), which Flink's canal-json and Canal consumers read
 * unchanged, with `source` and `changes` added, the identity of every row, and marks on rows that are not whole. See
 * docs/message-format.md.
 */
export const canalJson: Format = {
  name: 'canal-json',
  isOneRow: false,
  splitsKeyChanges: false,
  forTable,
  ddl: canalDdl,
  copyMark: canalCopyMark,
  progress: canalProgress,
};

function forTable(table: Table, columns: readonly RowColumn[], marks: Marks = {}): TableFormat {
  const published = columns.filter(({ codec }) => codec !== undefined).map(({ column }) => column);
  const isPublished = (name: string): boolean => published.some((column) => column.name === name);
  const keyNames = table.primaryKey.map(({ column }) => column.name).filter(isPublished);
  const types = [
    `"database":${JSON.stringify(table.database)}`,
    `"table":${JSON.stringify(table.name)}`,
    `"pkNames":${keyNames.length === 0 ? 'null' : JSON.stringify(keyNames)}`,
    `"isDdl":false`,
    `"sql":""`,
    `"mysqlType":${objectOf(published, mysqlTypeOf)}`,
    `"sqlType":${objectOf(published, sqlTypeOf)}`,
  ].join(',');
  return {
    head: (kind, source) =>
      Buffer.from(`{"type":"${kind}",${types},"source":${JSON.stringify(source)}${markTexts(marks)},"data":[`),
    writeRow: compileObject(columns),
    writeOld: compileSelected(columns),
    room: roomOf(columns),
    tail,
  };
}

/** Columns in table order under their own names, which a JavaScript object would not keep (`1`, `__proto__`). */
function objectOf(columns: readonly Column[], valueOf: (column: Column) => string | number): string {
  return `{${columns.map((column) => `${JSON.stringify(column.name)}:${JSON.stringify(valueOf(column))}`).join(',')}}`;
}

function tail({ kind, old, changes, invalidText, gtid, commitTimeMs, packedAtMs, sequence }: MessageFacts): Buffer {
  return Buffer.concat([
    Buffer.from('],"old":'),
    ...(kind === 'UPDATE' ? [Buffer.from('['), old, Buffer.from(']')] : [Buffer.from('null')]),
    Buffer.from(',"changes":['),
    changes,
    ...(invalidText.length > 0 ? [Buffer.from('],"invalidText":['), invalidText] : []),
    Buffer.from(`],"gtid":${JSON.stringify(gtid)},"es":${commitTimeMs},"ts":${packedAtMs},"id":${sequence}}`),
  ]);
}
