/**
 * Wherever a broker that was killed has left zeros in the properties of a message, it is told from a whole one, or
 * nothing that a reader looks at is missing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { propertiesOf, type EnvelopeFacts } from '../../../src/format/envelope.ts';
import { tornBecause } from '../../../src/topic/torn.ts';
import type { TopicMessage } from '../../../src/topic/topic.ts';
import { insertBody } from '../../support/topic/messages.ts';
import { deliveredWith, slotsOf, storedProperties } from '../../support/topic/stored-properties.ts';

const BODY = Buffer.from(JSON.stringify(insertBody(1)));

const REQUIRED = ['format', 'schema', 'table', 'kind', 'rows', 'first', 'last', 'stream', 'epoch', 'sequence'];

const name = fc.constantFrom('orders', 'order items', '订单', 'ordres_été', 'a%b|c', '😀');
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const facts = fc.record<EnvelopeFacts>({
  format: fc.constant('canal-json'),
  database: name,
  table: name,
  kind: fc.constantFrom('INSERT', 'UPDATE', 'DELETE', 'CREATE'),
  rows: fc.nat({ max: 5000 }),
  firstChange: fc.constantFrom('a', '3e11fa47-71ca-11e1-9e33-c80aa9429562:23#0'),
  lastChange: fc.constantFrom('b', '3e11fa47-71ca-11e1-9e33-c80aa9429562:24#7'),
  stream: fc.uuid(),
  epoch: fc.integer({ min: 1, max: 2000 }),
  sequence: fc.integer({ min: 1, max: 2 ** 40 }),
  resume: optional(fc.constantFrom('binlog.000001:4', '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-22')),
  lanes: fc.integer({ min: 1, max: 64 }),
  marks: fc.subarray(['oversize', 'partial', 'invalidText'] as const),
  copy: optional(fc.constant('17')),
  copyMark: optional(fc.constantFrom('begin', 'end')),
});
const message = fc
  .record({
    facts,
    hasLanes: fc.boolean(),
    keys: fc.array(fc.constantFrom('1', '99', '键,2', 'sha256:12'), { maxLength: 32 }),
  })
  .map(({ facts: { lanes = 1, ...rest }, hasLanes, keys }) => ({
    lane: 'lane-3',
    tag: 'shop.orders',
    keys,
    properties: propertiesOf(hasLanes ? { ...rest, lanes } : rest),
  }));

/** What readers go by once a message is taken for a whole one. */
const seen = ({ lane, tag, properties }: TopicMessage): unknown => [lane, tag, [...withoutNames(properties)].sort()];

function expectToldApart(stored: Buffer, spoilt: Buffer): void {
  const delivered = deliveredWith(spoilt, BODY);
  if (tornBecause(delivered) === undefined) expect(seen(delivered)).toEqual(seen(deliveredWith(stored, BODY)));
}

function zeros(stored: Buffer, from: number, to = stored.length): Buffer {
  return Buffer.from(stored).fill(0, from, to);
}

describe('a message whose stored properties are zeros (invariant 25)', () => {
  it.each([16, 32, 64, 128, 256])('from any byte on is torn, with a table of %i slots', (slots) => {
    fc.assert(
      fc.property(message, (sent) => {
        const stored = storedProperties(sent, slotsOf(slots));
        expect(tornBecause(deliveredWith(stored, BODY))).toBeUndefined();
        for (let cut = 0; cut < stored.length; cut += 1) expectToldApart(stored, zeros(stored, cut));
      }),
      { numRuns: 30 },
    );
  });

  it('from any byte on is torn in any order in which a property that all have comes after `optional`', () => {
    fc.assert(
      fc.property(message, fc.uuid(), (sent, seed) => {
        const rankOf = (of: string): number => slotsOf(1 << 30)(`${of}${seed}`);
        fc.pre(REQUIRED.some((of) => rankOf(of) > rankOf('optional')));
        const stored = storedProperties(sent, rankOf);
        for (let cut = 0; cut < stored.length; cut += 1) expectToldApart(stored, zeros(stored, cut));
      }),
      { numRuns: 100 },
    );
  });

  it('from any byte on is torn when a relay sent it that names no optional properties', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const stored = storedProperties({ ...sent, properties: withoutNames(sent.properties) });
        expect(tornBecause(deliveredWith(stored, BODY))).toBeUndefined();
        for (let cut = 0; cut < stored.length; cut += 1) expectToldApart(stored, zeros(stored, cut));
      }),
      { numRuns: 30 },
    );
  });

  it('between any two bytes is torn: a machine that died may have lost a page alone', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(), (sent, a, b) => {
        const stored = storedProperties(sent);
        const [from, to] = [a % stored.length, b % stored.length].sort((x, y) => x - y);
        expectToldApart(stored, zeros(stored, from ?? 0, to));
      }),
      { numRuns: 20_000 },
    );
  });

  it('is of another program when its body is', () => {
    const ours = insertBody(1);
    const ofCanal = { ...ours, source: undefined, changes: undefined };
    for (const body of [ofCanal, { ...ours, changes: [1] }, { ...ours, changes: [] }, 'text', null, []]) {
      expect(tornBecause(deliveredWith(Buffer.alloc(100), Buffer.from(JSON.stringify(body))))).toBeUndefined();
    }
    expect(tornBecause(deliveredWith(Buffer.alloc(100), Buffer.from('no JSON')))).toBeUndefined();
    expect(tornBecause(deliveredWith(Buffer.alloc(100), BODY))).toBe('it has no message group');
  });
});

function withoutNames(properties: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...properties].filter(([each]) => each !== 'optional'));
}
