import { describe, expect, it } from 'vitest';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { isFullImage, newRowsHeader, readRowsHeader, rowsKind } from '../../../../src/binlog/rows/rows.ts';
import { codeOf, fixtureEvents, madeEvent } from '../../../support/binlog-fixture.ts';

function read(type: number, hex: string): ReturnType<typeof newRowsHeader> {
  const event = madeEvent(type, Buffer.from(hex, 'hex'));
  const header = newRowsHeader();
  readRowsHeader(event, 0, event.length, header);
  return header;
}

const HEAD = 'ffffffffffff' + '0100';

describe('readRowsHeader', () => {
  it('reads v2, whatever its extra data', () => {
    const expected = { kind: 'insert', partial: false, tableId: 2 ** 48 - 1, endOfStatement: true, columns: 3 };
    expect(read(EVENT.WRITE_ROWS, HEAD + '0200' + '03' + '07' + 'ee')).toEqual({
      ...expected,
      present: 30,
      presentAfter: 30,
      rows: 31,
    });
    expect(read(EVENT.WRITE_ROWS, HEAD + '0500' + '010203' + '03' + '07' + 'ee')).toEqual({
      ...expected,
      present: 33,
      presentAfter: 33,
      rows: 34,
    });
  });

  it('reads v1, which has none', () => {
    expect(read(EVENT.DELETE_ROWS_V1, '010000000000' + '0000' + '03' + '07' + 'ee')).toMatchObject({
      kind: 'delete',
      tableId: 1,
      endOfStatement: false,
      present: 28,
      rows: 29,
    });
  });

  it('finds both bitmaps of an update', () => {
    const header = read(EVENT.PARTIAL_UPDATE_ROWS, HEAD + '0200' + '09' + 'ff01' + '0100' + 'ee');
    expect(header).toMatchObject({
      kind: 'update',
      partial: true,
      columns: 9,
      present: 30,
      presentAfter: 32,
      rows: 34,
    });
  });

  it('reads the number of columns of wide tables', () => {
    const header = read(EVENT.WRITE_ROWS, HEAD + '0200' + 'fc0010' + 'ff'.repeat(512));
    expect(header).toMatchObject({ columns: 4096, present: 32, rows: 544 });
  });

  it.each([
    ['another event', EVENT.QUERY, HEAD + '0200' + '0307'],
    ['no columns', EVENT.WRITE_ROWS, HEAD + '0200' + '0007'],
    ['too many columns', EVENT.WRITE_ROWS, HEAD + '0200' + 'fc0110' + 'ff'.repeat(513)],
    ['a packed integer of 8 bytes', EVENT.WRITE_ROWS, HEAD + '0200' + 'fe03000000000000' + '0007'],
    ['a cut number of columns', EVENT.WRITE_ROWS, HEAD + '0200' + 'fc00'],
    ['a cut bitmap', EVENT.UPDATE_ROWS, HEAD + '0200' + '09' + 'ff01' + '01'],
    ['extra data smaller than its size field', EVENT.WRITE_ROWS, HEAD + '0100' + '0307'],
    ['extra data beyond the end', EVENT.WRITE_ROWS, HEAD + 'ff00' + '0307'],
    ['nothing after the flags', EVENT.WRITE_ROWS, HEAD],
  ])('refuses %s', (_, type, hex) => expect(codeOf(() => read(type, hex))).toBe('BINLOG_DECODE'));

  it('knows full and minimal images of a real server', () => {
    const header = newRowsHeader();
    const images = fixtureEvents('transactions.9.7')
      .filter(({ bytes }) => rowsKind(bytes.readUInt8(4)) !== undefined)
      .map(({ bytes }) => {
        readRowsHeader(bytes, 0, bytes.length - 4, header);
        const { kind, columns, present, presentAfter } = header;
        return `${kind} ${isFullImage(bytes, present, columns)} ${isFullImage(bytes, presentAfter, columns)}`;
      });
    const insert = 'insert true true';
    expect(images).toEqual([
      insert,
      'update true true',
      'delete true true',
      insert,
      insert,
      'update false false',
      insert,
      'update true true',
    ]);
  });
});

describe('isFullImage', () => {
  it('looks at every column’s bit and at no other', () => {
    for (const columns of [1, 7, 8, 9, 16, 17]) {
      const b = Buffer.alloc(5, 0);
      for (let i = 0; i < columns; i++) b.writeUInt8(b.readUInt8(1 + (i >> 3)) | (1 << (i & 7)), 1 + (i >> 3));
      expect(isFullImage(b, 1, columns)).toBe(true);
      for (let i = 0; i < columns; i++) {
        const missing = Buffer.from(b);
        missing.writeUInt8(missing.readUInt8(1 + (i >> 3)) & ~(1 << (i & 7)), 1 + (i >> 3));
        expect(isFullImage(missing, 1, columns)).toBe(false);
      }
    }
  });
});
