/** Every decoder of src/binlog/events, statements, rows and tables, on damaged bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECKSUM_BYTES, verifyChecksum } from '../../../src/binlog/wire/checksum.ts';
import { checkFrame, eventType } from '../../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../../src/binlog/wire/event-types.ts';
import { plainEvent } from '../../../src/binlog/events/compressed.ts';
import { readFormatDescription } from '../../../src/binlog/events/format-description.ts';
import { readGtid } from '../../../src/binlog/events/gtid.ts';
import { newGtidRecord } from '../../../src/binlog/events/gtid-record.ts';
import { newMariadbGtidRecord, readMariadbGtid } from '../../../src/binlog/events/mariadb-gtid.ts';
import { readQuery } from '../../../src/binlog/statements/query.ts';
import { readRotate } from '../../../src/binlog/events/rotate.ts';
import { newRowsHeader, readRowsHeader, rowsKind } from '../../../src/binlog/rows/rows.ts';
import { readTableMap } from '../../../src/binlog/tables/table-map.ts';
import { codeOf, fixtureEvents } from '../../support/binlog-fixture.ts';

const events = [
  'transactions.9.7',
  'transactions.8.0',
  'tagged.9.7',
  'types.9.7',
  'types.8.0',
  'minimal.9.7',
  'mariadb.10.11',
  'mariadb-types.10.11',
].flatMap((name) => fixtureEvents(name).map(({ bytes }) => bytes));

/** Reads the event by its type, as the relay does once size and checksum are right; `end` is after the body. */
function read(b: Buffer, start: number, end: number): void {
  const type = eventType(b, start);
  if (rowsKind(type) !== undefined) readRowsHeader(b, start, end, newRowsHeader());
  else if (type === EVENT.TABLE_MAP) readTableMap(b, start, end, 90_704);
  else if (type === EVENT.MARIADB_GTID) readMariadbGtid(b, start, end, newMariadbGtidRecord());
  else if (type >= EVENT.QUERY_COMPRESSED) plainEvent(b, start, end);
  else if (type === EVENT.GTID || type === EVENT.ANONYMOUS_GTID || type === EVENT.GTID_TAGGED)
    readGtid(b, start, end, newGtidRecord());
  else if (type === EVENT.QUERY) readQuery(b, start, end);
  else if (type === EVENT.ROTATE) readRotate(b, start, end);
  else if (type === EVENT.FORMAT_DESCRIPTION) readFormatDescription(b, start, end);
}

const refusals = [undefined, 'BINLOG_DECODE', 'BINLOG_UNSUPPORTED', 'ROW_METADATA_NOT_FULL'];

describe('a damaged event', () => {
  it('is found when cut at any byte', () => {
    for (const event of events) {
      for (let end = 0; end < event.length; end++) {
        expect(codeOf(() => checkFrame(event, 0, end))).toBe('BINLOG_DECODE');
        expect(['BINLOG_DECODE', 'BINLOG_CHECKSUM']).toContain(codeOf(() => verifyChecksum(event, 0, end)));
      }
    }
  });

  it('never makes a reader throw anything but a RelayError, cut at any byte of its body', () => {
    for (const event of events) {
      for (let end = 19; end < event.length; end++) {
        const cut = Buffer.from(event.subarray(0, end));
        expect(refusals).toContain(codeOf(() => read(cut, 0, end)));
      }
    }
  });

  it('never makes a reader look beyond its end', () => {
    for (const event of events) {
      for (let end = 19; end <= event.length - CHECKSUM_BYTES; end++) {
        const outcome = (filler: number): unknown => {
          const b = Buffer.concat([event.subarray(0, end), Buffer.alloc(64, filler)]);
          return codeOf(() => read(b, 0, end));
        };
        expect(outcome(0)).toBe(outcome(0xff));
      }
    }
  });

  it('never makes a reader throw anything else, with garbage in its body', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...events),
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 9 }),
        (event, place, garbage) => {
          const b = Buffer.from(event);
          b.set(garbage.subarray(0, b.length - 19 - (place % (b.length - 19))), 19 + (place % (b.length - 19)));
          expect(refusals).toContain(codeOf(() => read(b, 0, b.length - CHECKSUM_BYTES)));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('never makes a reader throw anything else, whatever its type', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(EVENT)),
        fc.uint8Array({ maxLength: 80, size: 'max' }),
        (type, body) => {
          const b = Buffer.concat([Buffer.alloc(19), body]);
          b.writeUInt8(type, 4);
          expect(refusals).toContain(codeOf(() => read(b, 0, b.length)));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
