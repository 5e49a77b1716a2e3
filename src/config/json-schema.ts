import * as z from 'zod';
import { applySchema } from './apply-schema.ts';
import { configSchema } from './schema.ts';

/** The part of JSON Schema (draft 7) that the configuration's schema uses. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  /** Of a mapping whose keys are names. */
  readonly additionalProperties?: JsonSchema | boolean;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Ours: from the least to the most that a duration or size may be. */
  readonly range?: string;
}

/** What may be written in the file, as JSON Schema: the source of the editor's schema and of docs/configuration.md. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }) as JsonSchema;
}

/** The same of the file of `apply`. */
export function applyJsonSchema(): JsonSchema {
  return z.toJSONSchema(applySchema, { io: 'input', target: 'draft-7' }) as JsonSchema;
}

const REFERENCE: JsonSchema = { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}' };

/**
 * The same for the YAML language server: every value may as well be a reference to the environment, of which an editor
 * cannot know the value.
 */
export function editorJsonSchema(schema: JsonSchema = configJsonSchema()): JsonSchema {
  return withReferences(schema);
}

function withReferences(schema: JsonSchema): JsonSchema {
  const { properties, items, oneOf, anyOf } = schema;
  if (properties !== undefined) {
    const children = Object.entries(properties).map(([key, child]) => [key, withReferences(child)] as const);
    return { ...schema, properties: Object.fromEntries(children) };
  }
  if (items !== undefined) return { ...schema, items: withReferences(items) };
  if (oneOf !== undefined) return { ...schema, oneOf: oneOf.map(withReferences) };
  if (anyOf !== undefined) return { ...schema, anyOf: anyOf.map(withReferences) };
  if (typeof schema.additionalProperties === 'object') return schema;
  const { description, default: standard, range, ...own } = schema;
  const isFreeText = own.type === 'string' && own.pattern === undefined && own.enum === undefined;
  if (isFreeText || own.const !== undefined) return schema;
  return {
    description: [description, range === undefined ? '' : `From ${range}.`].join(' ').trim(),
    ...(standard !== undefined && { default: standard }),
    anyOf: [own, REFERENCE],
  };
}
