import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  columnSet,
  compileCompare,
  compileLocate,
  compileObject,
  compileSelected,
  compileImageEnd,
  hasColumn,
  type RowColumn,
} from '../../../../src/binlog/rows/row-compiler.ts';
import { imageOf, intColumn, rowColumn, varcharColumn, type Value } from '../../../support/row-images.ts';

interface Case {
  readonly columns: readonly RowColumn[];
  readonly before: readonly Value[];
  readonly after: readonly Value[];
}

const HOSTILE_NAMES = ['`', '"', "'", '${process.exit()}', '\n', '\\', '__proto__', '1', 'a.b', '订单', '*/', ''];

/** Tables of up to 100 columns, more than three generated functions hold; every seventh column or so left out. */
const cases: fc.Arbitrary<Case> = fc
  .array(
    fc.record({ isInt: fc.boolean(), isLeftOut: fc.nat({ max: 6 }).map((n) => n === 0), name: fc.nat({ max: 30 }) }),
    {
      minLength: 1,
      maxLength: 100,
      size: 'max',
    },
  )
  .chain((shapes) => {
    const value = ({ isInt }: { isInt: boolean }): fc.Arbitrary<Value> => {
      const present: fc.Arbitrary<Value> = isInt
        ? fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
        : fc.string({ unit: 'grapheme', maxLength: 60, size: 'max' });
      return fc.option(present, { freq: 4 });
    };
    const columns = shapes.map(({ isInt, isLeftOut, name }, i) => {
      const text = `${HOSTILE_NAMES[name] ?? ''}${i}`;
      return rowColumn(isInt ? intColumn(i, text) : varcharColumn(i, text), isLeftOut);
    });
    const row = fc.tuple(...shapes.map(value));
    const changes = fc.tuple(...shapes.map((shape) => fc.option(value(shape), { nil: undefined, freq: 2 })));
    return fc.tuple(row, changes).map(([before, changed]) => ({
      columns,
      before,
      after: before.map((old, i) => (changed[i] === undefined ? old : changed[i])),
    }));
  });

/** What a row is as JSON: names in order, values as text. */
const expected = (columns: readonly RowColumn[], values: readonly Value[], wanted: (c: RowColumn) => boolean): string =>
  `{${columns
    .filter((c) => c.codec !== undefined && wanted(c))
    .map((c) => {
      const value = values[c.column.index];
      return `${JSON.stringify(c.column.name)}:${value === null ? 'null' : JSON.stringify(String(value))}`;
    })
    .join()}}`;

const PADDING = Buffer.from('padding');
const ROOM = 100_000;

describe('row compiler', () => {
  it('writes every published column, in order, and stops at the end of the image', () => {
    fc.assert(
      fc.property(cases, ({ columns, before }) => {
        const image = imageOf(before);
        const b = Buffer.concat([PADDING, image, PADDING]);
        const out = Buffer.alloc(ROOM);
        const cursor = { p: PADDING.length, o: 3 };
        compileObject(columns)(b, cursor, out);
        expect(out.toString('utf8', 3, cursor.o)).toBe(expected(columns, before, () => true));
        expect(cursor.p).toBe(PADDING.length + image.length);
        expect(compileImageEnd(columns)(b, PADDING.length)).toBe(cursor.p);
      }),
    );
  });

  it('says how long an output that is too short should have been', () => {
    fc.assert(
      fc.property(cases, fc.nat({ max: 400 }), ({ columns, before }, size) => {
        const b = imageOf(before);
        const write = compileObject(columns);
        const whole = { p: 0, o: 0 };
        const long = Buffer.alloc(ROOM);
        write(b, whole, long);
        const cut = { p: 0, o: 0 };
        const short = Buffer.alloc(size);
        write(b, cut, short);
        expect(cut).toEqual(whole);
        const kept = Math.min(size, whole.o);
        expect(short.subarray(0, kept).equals(long.subarray(0, kept))).toBe(true);
      }),
    );
  });

  it('finds the columns that differ, and writes just these', () => {
    fc.assert(
      fc.property(cases, ({ columns, before, after }) => {
        const first = imageOf(before);
        const b = Buffer.concat([first, imageOf(after)]);
        const changed = columnSet(columns.length);
        compileCompare(columns)(b, 0, first.length, changed);
        const differs = ({ column, codec }: RowColumn): boolean =>
          codec !== undefined && before[column.index] !== after[column.index];
        for (const c of columns) expect(hasColumn(changed, c.column.index)).toBe(differs(c));

        const out = Buffer.alloc(ROOM);
        const cursor = { p: 0, o: 0 };
        compileSelected(columns)(b, cursor, out, changed);
        expect(out.toString('utf8', 0, cursor.o)).toBe(expected(columns, before, differs));
        expect(cursor.p).toBe(first.length);
      }),
    );
  });

  it('locates values anywhere in the row', () => {
    fc.assert(
      fc.property(cases, fc.nat(), fc.nat(), ({ columns, before }, a, z) => {
        const wanted = [...new Set([z % columns.length, a % columns.length])];
        const b = imageOf(before);
        const ranges = new Int32Array(wanted.length * 2);
        compileLocate(columns, wanted)(b, 0, ranges);
        wanted.forEach((index, i) => {
          const [start = 0, end = 0] = ranges.subarray(2 * i, 2 * i + 2);
          const value = before[index];
          if (value === null) expect([start, end]).toEqual([-1, -1]);
          else if (typeof value === 'number') expect(b.readInt32LE(start)).toBe(value);
          else expect(b.toString('utf8', start, end)).toBe(value);
        });
      }),
    );
  });
});
