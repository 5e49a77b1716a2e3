/** The examples in config/. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { configJsonSchema, editorJsonSchema, type JsonSchema } from '../../../src/config/json-schema.ts';
import { parse } from '../../support/config.ts';

const env = { MYSQL_HOST: 'mysql', MYSQL_USER: 'relay', MYSQL_PASSWORD: 'secret', ROCKETMQ_ENDPOINT: 'rocketmq:8081' };

function example(name: string): string {
  return readFileSync(new URL(`../../../config/${name}`, import.meta.url), 'utf8');
}

/**
 * The full example with its commented defaults made real: their `#` is followed by no space, or by the spaces of an
 * indentation.
 */
function withDefaults(text: string): string {
  return text.replaceAll(/^( *)#(?=\w| {2})/gm, '$1');
}

/** The last part of every key that the schema knows. */
function keys(schema: JsonSchema): readonly string[] {
  const below = [...Object.values(schema.properties ?? {}), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  return [...Object.keys(schema.properties ?? {}), ...below.flatMap(keys)];
}

/** The editor's schema as something that checks. */
function editorSchema(): z.ZodType {
  return z.fromJSONSchema(editorJsonSchema() as z.core.JSONSchema.JSONSchema);
}

const examples = new Map([
  ['relay.yaml', example('relay.yaml')],
  ['relay.yaml with its defaults', withDefaults(example('relay.yaml'))],
  ['minimal.yaml', example('minimal.yaml')],
  ['container.yaml', example('container.yaml')],
]);

describe.each([...examples])('%s', (_, text) => {
  it('loads', () => {
    expect(parse(text, { env }).source.password).toBe('secret');
  });

  it('is what the schema for editors accepts', () => {
    expect(editorSchema().safeParse(parseYaml(text)).error).toBeUndefined();
  });
});

describe('relay.yaml', () => {
  const text = example('relay.yaml');

  it('begins with the line that editors look for', () => {
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/relay\.schema\.json\n/);
  });

  it('shows the true default of what is commented out', () => {
    const full = withDefaults(text);
    expect(parse(full, { env })).toEqual(parse(text, { env }));
    expect(Object.keys(parseYaml(full) as object)).toEqual(Object.keys(configJsonSchema().properties ?? {}));
  });

  it('shows every key', () => {
    const missing = keys(configJsonSchema()).filter((key) => !new RegExp(`\\b${key}\\b`).test(text));
    expect(missing).toEqual([]);
  });
});

it('minimal.yaml has six lines', () => {
  expect(example('minimal.yaml').trimEnd().split('\n')).toHaveLength(6);
});

it('container.yaml suits a container', () => {
  expect(parse(example('container.yaml'), { env })).toMatchObject({
    source: { hosts: [{ host: 'mysql' }], user: 'relay' },
    sink: { endpoint: 'rocketmq:8081' },
    checkpoint: { path: '/var/lib/binlog-relay' },
    admin: { host: '0.0.0.0' },
  });
});

describe('the schema for editors', () => {
  const schema = editorSchema();
  const accepts = (added: object): boolean =>
    schema.safeParse({ source: { host: 'a', user: 'b' }, sink: { endpoint: 'a:1' }, ...added }).success;

  it.each([
    {},
    { limits: { heldBytes: '64MiB' } },
    { limits: { stopTimeout: 0 } },
    { limits: { stopTimeout: '${STOP}' } },
    { admin: { port: '${PORT:-1}' } },
    { sink: { type: 'stdout' } },
  ])('accepts %j', (added) => {
    expect(accepts(added)).toBe(true);
  });

  it.each([
    { nope: 1 },
    { limits: { heldBytes: 64 } },
    { limits: { stopTimeout: 5 } },
    { limits: { heldBytes: '64M' } },
    { admin: { port: 70_000 } },
    { ordering: 'tabel' },
    { sink: { type: 'file' } },
    { sink: { type: 'stdout', endpoint: 'a:1' } },
    { sink: { endpoint: 'a:1;b:1' } },
  ])('refuses %j', (added) => {
    expect(accepts(added)).toBe(false);
  });
});
