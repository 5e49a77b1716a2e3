import type { Table } from '../binlog/binlog.ts';
import { compileObject, type RowColumn } from '../binlog/rows/row-compiler.ts';
import { debeziumCopyMark, debeziumDdl, debeziumProgress } from './debezium-announced.ts';
import type { ChangeKind, Format, Marks, MessageFacts, TableFormat } from './format.ts';
import { plainValue } from './plain-values.ts';
import { markTexts, roomOf } from './row-parts.ts';

/**
 * Debezium's envelope without a schema around it, which Flink's debezium-json reads: one change a body, `before` and
 * `after` whole. Added are `change`, the identity of the change, in `source`, and marks on rows that are not whole. See
 * docs/message-format.md.
 */
export const debeziumJson: Format = {
  name: 'debezium-json',
  isOneRow: true,
  // Its readers take the key of a row for unchanged in an `u`.
  splitsKeyChanges: true,
  forTable,
  ddl: debeziumDdl,
  copyMark: debeziumCopyMark,
  progress: debeziumProgress,
};

/** What stands before the row, and after it. */
const PARTS: Readonly<Record<ChangeKind, readonly [head: string, tail: string]>> = {
  INSERT: ['"before":null,"after":', ''],
  UPDATE: ['"after":', ',"before":'],
  DELETE: ['"before":', ',"after":null'],
};

function forTable(
  { database, name }: Table,
  published: readonly RowColumn[],
  marks: Marks = {},
  copy?: string,
): TableFormat {
  const columns = published.map((each) => plainValue(each, 'debezium'));
  const ops: Readonly<Record<ChangeKind, string>> = {
    INSERT: copy === undefined ? 'c' : 'r',
    UPDATE: 'u',
    DELETE: 'd',
  };
  const source = `,"source":{${sourceText(database, name, copy !== undefined)}`;
  const marked = markTexts(marks);
  return {
    head: (kind) => Buffer.from(`{"op":"${ops[kind]}",${PARTS[kind][0]}`),
    writeRow: compileObject(columns),
    writeOld: compileObject(withoutUnknown(columns, marks)),
    room: roomOf(columns),
    tail: (facts) => tail(facts, source, marked),
  };
}

/** Columns whose previous values are not known are not in `before`: they would look like NULL. */
function withoutUnknown(columns: readonly RowColumn[], { oldAbsent = [] }: Marks): readonly RowColumn[] {
  return columns.map((each) => (oldAbsent.includes(each.column.name) ? { ...each, codec: undefined } : each));
}

/** What is always the same in `source`; `name`: of the connector, as Debezium calls what an operator names it. */
export const sourceText = (database: string, table: string, isCopy: boolean): string =>
  `"connector":"mysql","name":"binlog-relay","db":${JSON.stringify(database)},"table":${JSON.stringify(table)},"snapshot":"${isCopy}"`;

function tail(facts: MessageFacts, source: string, marked: string): Buffer {
  const { kind, old, firstChange, invalidText, gtid, commitTimeMs, packedAtMs } = facts;
  const after = `${source},"ts_ms":${commitTimeMs},"gtid":${gtid === '' ? 'null' : JSON.stringify(gtid)},"change":${JSON.stringify(firstChange)}}`;
  const end = `${marked}${invalidText.length === 0 ? '' : `,"invalidText":[${invalidText.toString()}]`},"ts_ms":${packedAtMs},"transaction":null}`;
  const before = PARTS[kind][1];
  if (kind !== 'UPDATE') return Buffer.from(`${before}${after}${end}`);
  return Buffer.concat([Buffer.from(before), old, Buffer.from(`${after}${end}`)]);
}
