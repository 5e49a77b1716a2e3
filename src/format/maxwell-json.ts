import type { Table } from '../binlog/binlog.ts';
import { compileObject, compileSelected, type RowColumn } from '../binlog/rows/row-compiler.ts';
import type { ChangeKind, Format, Marks, MessageFacts, TableFormat } from './format.ts';
import { maxwellCopyMark, maxwellDdl, maxwellProgress } from './maxwell-announced.ts';
import { plainValue } from './plain-values.ts';
import { markTexts, roomOf } from './row-parts.ts';

/**
 * Maxwell's JSON, which Flink's maxwell-json reads: one change a body, `old` with the previous values of what changed.
 * Added are `change`, the identity of the change, `ts_ms`, and marks on rows that are not whole. See
 * docs/message-format.md.
 */
export const maxwellJson: Format = {
  name: 'maxwell-json',
  isOneRow: true,
  splitsKeyChanges: false,
  forTable,
  ddl: maxwellDdl,
  copyMark: maxwellCopyMark,
  progress: maxwellProgress,
};

/** Rows of a copy are of type `insert`, too: Flink's decoder stops at Maxwell's own `bootstrap-insert`. */
const TYPES: Readonly<Record<ChangeKind, string>> = { INSERT: 'insert', UPDATE: 'update', DELETE: 'delete' };

function forTable(table: Table, published: readonly RowColumn[], marks: Marks = {}): TableFormat {
  const columns = published.map((each) => plainValue(each, 'number'));
  const isPublished = (name: string): boolean =>
    columns.some(({ column, codec }) => codec !== undefined && column.name === name);
  const keyNames = table.primaryKey.map(({ column }) => column.name).filter(isPublished);
  const names = `"database":${JSON.stringify(table.database)},"table":${JSON.stringify(table.name)}`;
  const end = `,"primary_key_columns":${JSON.stringify(keyNames)}${markTexts(marks)}`;
  return {
    head: (kind) => Buffer.from(`{${names},"type":"${TYPES[kind]}","data":`),
    writeRow: compileObject(columns),
    writeOld: compileSelected(columns),
    room: roomOf(columns),
    tail: (facts) => tail(facts, end),
  };
}

function tail({ kind, old, firstChange, invalidText, gtid, commitTimeMs }: MessageFacts, end: string): Buffer {
  const times = `,"ts":${Math.floor(commitTimeMs / 1000)},"ts_ms":${commitTimeMs}`;
  const identity = `${gtid === '' ? '' : `,"gtid":${JSON.stringify(gtid)}`},"change":${JSON.stringify(firstChange)}`;
  const invalid = invalidText.length === 0 ? '' : `,"invalidText":[${invalidText.toString()}]`;
  const after = `${times}${identity}${end}${invalid}}`;
  if (kind !== 'UPDATE') return Buffer.from(after);
  return Buffer.concat([Buffer.from(',"old":'), old, Buffer.from(after)]);
}
