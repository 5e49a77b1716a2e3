/**
 * JSON differences: what an update with binlog_row_value_options=PARTIAL_JSON logs in place of the whole new value.
 * Source: Json_diff and Json_diff_vector in sql-common/json_diff.h and .cc
 *
 *   differences, one after the other: operation 1 | size, packed, and path in UTF-8 | but for REMOVE: size, packed, and value, a binary document
 *   0 REPLACE what stands at the path; 1 INSERT a member, or an item before the one there; 2 REMOVE
 *
 * Each applies to what the ones before it have made.
 */
import { jsonBytes, jsonDocument, openJson, type JsonNode } from './json-tree.ts';
import { Cursor } from '../wire/cursor.ts';
import { readJsonPath, type JsonPathLeg } from './json-path.ts';

const OPERATIONS = ['replace', 'insert', 'remove'] as const;

/**
 * The document that the differences in `diffs` make of `before`, in the binary form of a column. The bytes may differ
 * from those that the server stores, the text does not. `column` is named in errors. Throws BINLOG_DECODE for
 * differences that do not fit `before`.
 */
export function applyJsonDiffs(column: string, before: Buffer, diffs: Buffer): Buffer {
  if (diffs.length === 0) return before;
  const cursor = new Cursor(`the JSON differences of column ${column}`, diffs, 0, 0, diffs.length);
  let root: JsonNode = jsonDocument(column, before);
  while (cursor.left > 0) {
    const diff = readDiff(column, cursor);
    root = changed(column, root, diff, 0) ?? cursor.fail('a difference that fits the value before');
  }
  return jsonBytes(root);
}

type Diff =
  | { readonly operation: 'replace' | 'insert'; readonly path: readonly JsonPathLeg[]; readonly value: JsonNode }
  | { readonly operation: 'remove'; readonly path: readonly JsonPathLeg[] };

function readDiff(column: string, cursor: Cursor): Diff {
  const operation = OPERATIONS[cursor.u8('an operation')] ?? cursor.fail('an operation');
  const path = readJsonPath(cursor.utf8(cursor.packed('the length of a path'), 'a path')) ?? cursor.fail('a path');
  if (operation === 'remove') return { operation, path };
  const value = jsonDocument(column, cursor.view(cursor.packed('the length of a value'), 'a value'));
  return { operation, path, value };
}

/**
 * What `node`, to which the first `depth` legs of the path lead, is after the difference; undefined if it has no such
 * place.
 */
function changed(column: string, node: JsonNode, diff: Diff, depth: number): JsonNode | undefined {
  const leg = diff.path[depth];
  if (leg === undefined) return diff.operation === 'replace' ? diff.value : undefined;
  const parent = openJson(column, node);
  const isPlace = depth === diff.path.length - 1;
  if (parent.kind === 'object' && 'key' in leg) {
    const { members } = parent;
    const old = members.get(leg.key);
    if (isPlace && diff.operation === 'insert') {
      if (old !== undefined) return undefined;
      members.set(leg.key, diff.value);
      return parent;
    }
    if (old === undefined) return undefined;
    if (isPlace && diff.operation === 'remove') {
      members.delete(leg.key);
      return parent;
    }
    const value = changed(column, old, diff, depth + 1);
    if (value === undefined) return undefined;
    members.set(leg.key, value);
    return parent;
  }
  if (parent.kind === 'array' && 'index' in leg) {
    const { items } = parent;
    const index = leg.isFromEnd ? items.length - 1 - leg.index : leg.index;
    const old = items[index];
    if (isPlace && diff.operation === 'insert') {
      // Before the first or after the last item if there is none at the index.
      items.splice(Math.max(0, index), 0, diff.value);
      return parent;
    }
    if (old === undefined) return undefined;
    if (isPlace && diff.operation === 'remove') {
      items.splice(index, 1);
      return parent;
    }
    const value = changed(column, old, diff, depth + 1);
    if (value === undefined) return undefined;
    items[index] = value;
    return parent;
  }
  return undefined;
}
