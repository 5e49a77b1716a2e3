import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import { valueSize } from '../../../../src/binlog/rows/columns.ts';
import { mergeUpdateImages, presentColumns } from '../../../../src/binlog/rows/partial-images.ts';
import { imageOf, intColumn, varcharColumn, type Value } from '../../../support/row-images.ts';

const COLUMNS = 11;
const isText = (index: number): boolean => index % 2 === 1;
const sizes = Array.from({ length: COLUMNS }, (_, index) =>
  valueSize(isText(index) ? varcharColumn(index, `c${index}`) : intColumn(index, `c${index}`)),
);

const anyValue = (index: number): fc.Arbitrary<Value> =>
  fc.option<Value>(isText(index) ? fc.string({ maxLength: 300 }) : fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const anyRow = fc.tuple(...sizes.map((_, index) => anyValue(index)));
const anyPresence = fc.array(fc.boolean(), { minLength: COLUMNS, maxLength: COLUMNS });
const placesOf = (presence: readonly boolean[]): number[] => [...presence.keys()].filter((index) => presence[index]);

describe('mergeUpdateImages', () => {
  it('gives the image after what it does not hold itself, and leaves open what the image before does not hold', () => {
    const anyUpdate = fc.tuple(
      fc.array(fc.tuple(anyRow, anyRow), { minLength: 1, maxLength: 4 }),
      anyPresence,
      anyPresence,
    );
    fc.assert(
      fc.property(anyUpdate, ([rows, isBefore, isAfter]) => {
        // Every merged column is held by one of the images at least.
        const merged = placesOf(isBefore.map((is, i) => is || isAfter[i] === true));
        const placed = (is: readonly boolean[]): number[] => placesOf(is).map((index) => merged.indexOf(index));
        const held = (row: readonly Value[], is: readonly boolean[]): Buffer => imageOf(row.filter((_, i) => is[i]));
        const event = Buffer.concat(rows.flatMap(([old, now]) => [held(old, isBefore), held(now, isAfter)]));
        const expected = rows.flatMap(([old, now]) => [
          imageOf(merged.map((i) => (isBefore[i] === true ? (old[i] ?? null) : null))),
          imageOf(merged.map((i) => (isAfter[i] === true ? now[i] : old[i]) ?? null)),
        ]);
        const columns = {
          sizes: merged.map((i) => sizes[i] ?? { kind: 'fixed' as const, bytes: 0 }),
          before: placed(isBefore),
          after: placed(isAfter),
        };
        expect(mergeUpdateImages(event, 0, event.length, columns)).toEqual(Buffer.concat(expected));
      }),
    );
  });

  it('takes no value from after its event', () => {
    const event = Buffer.concat([imageOf([1]), imageOf(['some text'])]);
    const columns = { sizes: sizes.slice(0, 2), before: [0], after: [1] };
    for (let end = 1; end < event.length; end += 1)
      expect(() => mergeUpdateImages(event, 0, end, columns)).toThrow(RelayError);
  });
});

it('presentColumns reads the lowest bit first', () => {
  expect(presentColumns(Buffer.of(0xff, 0b1010_0001, 0b10), 1, 10)).toEqual([0, 5, 7, 9]);
});
