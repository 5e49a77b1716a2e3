import type { JsonSchema } from './json-schema.ts';
import { valueAt } from './yaml-tree.ts';

/** The keys that `whole` knows below `path`; of the kinds of sink only the one that the file chooses. */
export function knownKeys(whole: JsonSchema, path: readonly PropertyKey[], config: unknown): readonly string[] {
  let schemas: readonly JsonSchema[] = fitting(whole, config);
  let value = config;
  for (const key of path) {
    value = valueAt(value, [key]);
    schemas = schemas.flatMap((schema) => {
      const child = schema.properties?.[String(key)];
      return child === undefined ? [] : fitting(child, value);
    });
  }
  return schemas.flatMap((schema) => Object.keys(schema.properties ?? {}));
}

/** A union's members that `value` chooses by a key with one constant value, such as `type`. */
function fitting(schema: JsonSchema, value: unknown): readonly JsonSchema[] {
  const members = schema.properties === undefined ? (schema.oneOf ?? schema.anyOf) : undefined;
  if (members === undefined) return [schema];
  return members.filter((member) =>
    Object.entries(member.properties ?? {}).every(([key, { const: only, default: standard }]) => {
      return only === undefined || (valueAt(value, [key]) ?? standard) === only;
    }),
  );
}
