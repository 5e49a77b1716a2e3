/** src/config/schema.ts and known-keys.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { configJsonSchema, type JsonSchema } from '../../../src/config/json-schema.ts';
import { parse, problems } from '../../support/config.ts';

/** Valid configurations that together have every mapping that the schema knows. */
const CONFIGS = [
  {
    source: { host: 'a', user: 'b', tls: { mode: 'required' }, start: { file: 'binlog.000001', position: 4 } },
    tables: { include: ['*.*'] },
    sink: { type: 'rocketmq', endpoint: 'a:1', tls: { enabled: true } },
    ddl: { topic: 'x' },
    publish: { oversize: 'fail' },
    limits: { lanes: 2 },
    copy: { rest: 1, source: { host: 'c', tls: { mode: 'required' } } },
    checkpoint: { path: 'x' },
    admin: { port: 1 },
    log: { level: 'info' },
  },
  { source: { host: 'a', user: 'b' }, sink: { type: 'stdout' } },
  { source: { host: 'a', user: 'b' }, sink: { type: 'file', path: 'x' } },
  {
    source: { host: 'a', user: 'b' },
    sink: { type: 'stdout' },
    checkpoint: { type: 'mysqlx', host: 'a', user: 'b', schema: 'c', name: 'd', tls: {} },
  },
  {
    source: { host: 'a', user: 'b' },
    sink: { type: 'stdout' },
    checkpoint: { type: 'mysql', host: 'a', user: 'b', database: 'c', name: 'd', tls: {} },
  },
];

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Paths of all mappings in a configuration. */
function mappings(config: Mapping): readonly (readonly string[])[] {
  const below = Object.entries(config).flatMap(([key, child]) =>
    isMapping(child) ? mappings(child).map((path) => [key, ...path]) : [],
  );
  return [[], ...below];
}

/** Paths of all mappings in the schema. */
function schemaMappings(schema: JsonSchema): readonly (readonly string[])[] {
  const members = schema.properties === undefined ? (schema.oneOf ?? schema.anyOf ?? []) : [];
  const below = Object.entries(schema.properties ?? {}).flatMap(([key, child]) =>
    schemaMappings(child).map((path) => [key, ...path]),
  );
  return [...(schema.properties === undefined ? [] : [[]]), ...below, ...members.flatMap(schemaMappings)];
}

function withKey(config: Mapping, path: readonly string[], key: string): Mapping {
  const [first, ...rest] = path;
  if (first === undefined) return Object.fromEntries([...Object.entries(config), [key, 1]]);
  const child = config[first];
  return { ...config, [first]: withKey(isMapping(child) ? child : {}, rest, key) };
}

const PLACES = CONFIGS.flatMap((config) => mappings(config).map((path) => ({ config, path })));
const KNOWN = new Set(JSON.stringify(configJsonSchema()).match(/[A-Za-z]+/g));

describe('invariant 10: a configuration with an unknown key never starts', () => {
  it('the configurations of this test are valid and have every mapping of the schema', () => {
    for (const config of CONFIGS) expect(() => parse(stringify(config))).not.toThrow();
    const covered = new Set(PLACES.map(({ path }) => path.join('.')));
    expect(schemaMappings(configJsonSchema()).filter((path) => !covered.has(path.join('.')))).toEqual([]);
  });

  it('whatever the key, and wherever it stands', () => {
    const key = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom(
        '__proto__',
        'constructor',
        'toString',
        'hasOwnProperty',
        '<<',
        'Host',
        'HOST',
        'heartbeatMs',
        ' ',
      ),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...PLACES),
        key.filter((key) => !KNOWN.has(key)),
        ({ config, path }, key) => {
          const lines = problems(stringify(withKey(config, path, key)));
          expect(lines).toHaveLength(1);
          expect(lines[0]).toContain(`${[...path, key].join('.')}: unknown key`);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a key of one place is not known in another', () => {
    for (const { config, path } of PLACES.filter(({ path }) => path.length === 0)) {
      expect(problems(stringify(withKey(config, path, 'host')))[0]).toContain('host: unknown key');
    }
    expect(problems(stringify(withKey(CONFIGS[1] ?? {}, ['sink'], 'endpoint')))).toEqual([
      '6:3: sink.endpoint: unknown key; allowed here: type',
    ]);
  });
});
