/**
 * The paths of JSON differences. Source: Json_path::to_string and parse_path of sql-common/json_path.cc
 *
 *   $ | legs: .name, ."name" with the escapes of a JSON string, [index], [last] or [last-index]
 */

import { MAX_JSON_DEPTH } from './json-binary.ts';

/**
 * A member's key, as JsonObject has it (a text of latin1), or the index of an item, counted from 0 or back from the
 * last one.
 */
export type JsonPathLeg = { readonly key: string } | { readonly index: number; readonly isFromEnd: boolean };

const LEG = /\.("(?:[^"\\]|\\.)*"|[^\s."*[]+)|\[(last-)?(\d+)\]|(\[last\])/suy;

/** A key's length takes two bytes in a document. */
const MAX_KEY_BYTES = 0xffff;

/** Undefined for what is no such path, and for one that leads deeper than a document can be. */
export function readJsonPath(text: string): readonly JsonPathLeg[] | undefined {
  if (!text.startsWith('$')) return undefined;
  const legs: JsonPathLeg[] = [];
  for (LEG.lastIndex = 1; LEG.lastIndex < text.length;) {
    const [, name, last, index, isLast] = LEG.exec(text) ?? [];
    if (isLast !== undefined) {
      legs.push({ index: 0, isFromEnd: true });
    } else if (index !== undefined) {
      legs.push({ index: Number(index), isFromEnd: last !== undefined });
    } else {
      const key = name === undefined ? undefined : memberName(name);
      if (key === undefined) return undefined;
      legs.push({ key });
    }
    if (legs.length > MAX_JSON_DEPTH) return undefined;
  }
  return legs;
}

/** A name without quotes is one that would need no escape inside them. */
function memberName(name: string): string | undefined {
  try {
    const text: unknown = JSON.parse(name.startsWith('"') ? name : `"${name}"`);
    if (typeof text !== 'string') return undefined;
    const key = Buffer.from(text);
    return key.length > MAX_KEY_BYTES ? undefined : key.toString('latin1');
  } catch {
    return undefined;
  }
}
