import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../src/binlog/binlog.ts';
import { TYPE } from '../../../../src/binlog/wire/column-types.ts';
import { checkFrame, eventType } from '../../../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { expandPartialUpdate } from '../../../../src/binlog/rows/partial-update.ts';
import { newRowsHeader, readRowsHeader } from '../../../../src/binlog/rows/rows.ts';
import { readTableMap } from '../../../../src/binlog/tables/table-map.ts';
import { binaryJson, jsonText } from '../../../support/binary-json.ts';
import { codeOf, fixtureEvents, fixtureEvent, madeEvent } from '../../../support/binlog-fixture.ts';
import { columnOf } from '../../../support/columns.ts';
import { intColumn } from '../../../support/row-images.ts';
import { readRow } from '../../../support/row-texts.ts';

function expand(event: Buffer, columns: readonly Column[]): Buffer {
  const header = newRowsHeader();
  readRowsHeader(event, 0, event.length, header);
  return expandPartialUpdate(event, 0, event.length, header, columns);
}

const texts = (whole: Buffer, columns: readonly Column[]): (string | undefined)[][] => {
  const header = newRowsHeader();
  readRowsHeader(whole, 0, whole.length, header);
  const table = { database: 'd', name: 't', columns, primaryKey: [] };
  const rows: (string | undefined)[][] = [];
  for (let p = header.rows; p < whole.length;) {
    const { row, next } = readRow(table, whole, p);
    rows.push(row.map((value) => value?.text));
    p = next;
  }
  return rows;
};

it('makes a whole update of one that a server logged', () => {
  const events = fixtureEvents('transactions.9.7');
  const at = events.findIndex(({ name }) => name === 'PARTIAL_UPDATE_ROWS');
  const map = events[at - 1]?.bytes ?? Buffer.alloc(0);
  const { columns } = readTableMap(map, 0, map.length - 4, 90_704);
  const logged = fixtureEvent('transactions.9.7', 'PARTIAL_UPDATE_ROWS');
  const whole = expand(logged.subarray(0, logged.length - 4), columns);
  checkFrame(whole, 0, whole.length);
  expect(eventType(whole, 0)).toBe(EVENT.UPDATE_ROWS);
  const text = (a: string): string => `{"a": ${a}, "b": "${'x'.repeat(52)}"}`;
  expect(texts(whole, columns)).toEqual([
    ['1', text('[1, 2, 3]')],
    ['1', text('[1, 9, 3]')],
  ]);
});

describe('by hand', () => {
  // Nine JSON columns: two bytes of partial bits, with an INT between them that has none.
  const json = (index: number): Column => columnOf(TYPE.JSON, { index, name: `j${index}`, meta: 4 });
  const columns = [json(0), intColumn(1, 'n'), ...Array.from({ length: 8 }, (_, i) => json(i + 2))];

  const prefixed = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const image = (values: readonly (Buffer | null)[]): Buffer => {
    const nulls = Buffer.alloc(2);
    for (const [i, value] of values.entries())
      if (value === null) nulls.writeUInt8(nulls.readUInt8(i >> 3) | (1 << (i & 7)), i >> 3);
    const parts = values.map((value, i) => (value === null ? [] : [i === 1 ? value : prefixed(value)])).flat();
    return Buffer.concat([nulls, ...parts]);
  };
  const update = (rows: Buffer): Buffer =>
    madeEvent(
      EVENT.PARTIAL_UPDATE_ROWS,
      Buffer.concat([Buffer.from('010000000000' + '0100' + '0200' + '0a' + 'ffff' + 'ffff', 'hex'), rows]),
    );
  const one = Buffer.of(1, 0, 0, 0);
  const two = Buffer.of(2, 0, 0, 0);
  const before = binaryJson({ a: 1 });
  const nothing = Array.from({ length: 7 }, () => null);
  const replaceA = (value: number): Buffer => Buffer.from([0, 3, 0x24, 0x2e, 0x61, 3, 5, value, 0]);

  it('finds the bits of its JSON columns, and leaves all others as they are', () => {
    const rows = Buffer.concat([
      // The first and the last JSON column hold differences.
      image([before, one, ...nothing, before]),
      Buffer.of(1, 0b0000_0001, 0b0000_0001),
      image([replaceA(7), two, ...nothing, replaceA(8)]),
      // A row without differences, then one whose only bit stands over no difference at all.
      image([before, one, ...nothing, null]),
      Buffer.of(0),
      image([null, two, ...nothing, before]),
      image([before, one, ...nothing, before]),
      Buffer.of(1, 0b0000_0001, 0),
      image([Buffer.alloc(0), two, ...nothing, binaryJson([9])]),
    ]);
    const empty = nothing.map(() => undefined);
    const a1 = jsonText(before);
    expect(texts(expand(update(rows), columns), columns)).toEqual([
      [a1, '1', ...empty, a1],
      ['{"a": 7}', '2', ...empty, '{"a": 8}'],
      [a1, '1', ...empty, undefined],
      [undefined, '2', ...empty, a1],
      [a1, '1', ...empty, a1],
      [a1, '2', ...empty, '[9]'],
    ]);
  });

  it('stops at differences to a NULL, unknown options and an event that is cut', () => {
    const rest = image([replaceA(7), two, ...nothing, null]);
    const partial = Buffer.of(1, 1, 0);
    const rowOf = (...parts: readonly Buffer[]): Buffer => update(Buffer.concat(parts));
    expect(codeOf(() => expand(rowOf(image([null, one, ...nothing, null]), partial, rest), columns))).toBe(
      'BINLOG_DECODE',
    );
    expect(codeOf(() => expand(rowOf(image([before, one, ...nothing, null]), Buffer.of(2), rest), columns))).toBe(
      'BINLOG_DECODE',
    );
    const whole = rowOf(image([before, one, ...nothing, null]), partial, rest);
    expect(texts(expand(whole, columns), columns)[1]?.[0]).toBe('{"a": 7}');
    const rowsAt = whole.length - (image([before, one, ...nothing, null]).length + partial.length + rest.length);
    for (let end = rowsAt + 1; end < whole.length; end++) {
      expect(codeOf(() => expand(whole.subarray(0, end), columns))).toBe('BINLOG_DECODE');
    }
  });
});
