import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GtidSet } from '../../../../src/binlog/gtids/gtid-set.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = '2c256447-3f0d-431b-9a25-bddf1f1f6ef6';
const canonical = (text: string): string => GtidSet.parse(text).toString();

describe('GtidSet text', () => {
  it.each([
    ['', ''],
    [' \n', ''],
    [`${A}:1`, `${A}:1`],
    [`${A.toUpperCase()}:1-5:7`, `${A}:1-5:7`],
    [`${A}:7:1-3:4-5:2`, `${A}:1-5:7`],
    [`${A}:1,\n${B}:2-3`, `${B}:2-3,${A}:1`],
    [`${A}:1,${A}:2,,`, `${A}:1-2`],
    [` ${A} : 1 - 5 : 7 `, `${A}:1-5:7`],
    [`${A}:tag_b:1:tag_a:3-4`, `${A}:tag_a:3-4:tag_b:1`],
    [`${A}:1-5:Orders:1:_x:2,${A}:9`, `${A}:1-5:9:_x:2:orders:1`],
    [`${A}:9223372036854775806`, `${A}:9223372036854775806`],
  ])('%j prints as %j', (text, expected) => expect(canonical(text)).toBe(expected));

  it.each([
    [A, A],
    [`${A}:`, "''"],
    ['x:1', "'x'"],
    [`${A}:0`, "'0'"],
    [`${A}:5-4`, "'5-4'"],
    [`${A}:1-9223372036854775807`, "'1-9223372036854775807'"],
    [`${A}:1-2-3`, "'1-2-3'"],
    [`${A}:tag`, `'${A}:tag'`],
    [`${A}:tag:other:1`, `'${A}:tag'`],
    [`${A}:9tag:1`, "'9tag'"],
    [`${A}:${'t'.repeat(33)}:1`, "'ttt"],
    [`${A}:1;${B}:1`, `'1;${B}'`],
  ])('refuses %j and names the part', (text, part) => {
    expect(codeOf(() => GtidSet.parse(text))).toBe('GTID_SET_INVALID');
    expect(() => GtidSet.parse(text)).toThrow(part);
  });
});

describe('GtidSet', () => {
  it('extends the newest interval, also after another source and after a subtraction', () => {
    const set = new GtidSet();
    set.add(A, 1n);
    set.add(A, 2n);
    set.add(B, 1n);
    set.add(A, 3n);
    set.subtract(GtidSet.parse(`${A}:1-3`));
    set.add(A, 4n);
    expect(set.toString()).toBe(`${B}:1,${A}:4`);
  });

  it('is not shared by its clone', () => {
    const set = GtidSet.parse(`${A}:1`);
    const copy = set.clone();
    set.add(A, 2n);
    copy.add(B, 1n);
    expect([set.toString(), copy.toString()]).toEqual([`${A}:1-2`, `${B}:1,${A}:1`]);
  });

  it('may be its own operand', () => {
    const set = GtidSet.parse(`${A}:1-5,${B}:1`);
    set.union(set);
    expect(set.contains(set)).toBe(true);
    set.subtract(set);
    expect(set.isEmpty()).toBe(true);
  });
});

type Range = readonly [source: string, first: number, size: number];
const ranges = fc.array(
  fc.tuple(fc.constantFrom(A, B, `${A}:t`), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 8 })),
  {
    maxLength: 12,
  },
);

/** The same as a set of `source:gno`. */
function model(list: readonly Range[]): Set<string> {
  return new Set(
    list.flatMap(([source, first, size]) => Array.from({ length: size + 1 }, (_, i) => `${source}:${first + i}`)),
  );
}

function real(list: readonly Range[]): GtidSet {
  const set = new GtidSet();
  for (const [source, first, size] of list) set.addRange(source, BigInt(first), BigInt(first + size));
  return set;
}

/** Adds one by one in sorted order: the other way to make the same set. */
function fromModel(members: Set<string>): GtidSet {
  const set = new GtidSet();
  for (const member of members) {
    const at = member.lastIndexOf(':');
    set.add(member.slice(0, at), BigInt(member.slice(at + 1)));
  }
  return set;
}

describe('GtidSet against a plain set', () => {
  it('adds, prints and parses', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const set = real(list);
        expect(set.toString()).toBe(fromModel(model(list)).toString());
        expect(GtidSet.parse(set.toString()).toString()).toBe(set.toString());
        expect(set.isEmpty()).toBe(list.length === 0);
        for (let gno = 1; gno < 50; gno++) expect(set.hasGtid(A, BigInt(gno))).toBe(model(list).has(`${A}:${gno}`));
      }),
    );
  });

  it('unites, subtracts and contains', () => {
    fc.assert(
      fc.property(ranges, ranges, (left, right) => {
        const [l, r] = [model(left), model(right)];
        const union = real(left);
        union.union(real(right));
        expect(union.toString()).toBe(fromModel(new Set([...l, ...r])).toString());
        const difference = real(left);
        difference.subtract(real(right));
        expect(difference.toString()).toBe(fromModel(new Set([...l].filter((member) => !r.has(member)))).toString());
        expect(real(left).contains(real(right))).toBe([...r].every((member) => l.has(member)));
        expect(union.contains(real(right))).toBe(true);
      }),
    );
  });
});
