import fc from 'fast-check';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CHECKSUM_BYTES, crc32, verifyChecksum } from '../../../../src/binlog/wire/checksum.ts';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { codeOf, fixtureEvent, fixtureEvents, madeEvent } from '../../../support/binlog-fixture.ts';

describe('crc32', () => {
  it('is zlib’s for every length, at every alignment', () => {
    const b = Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 131 + (i >> 3)) & 255));
    for (let start = 0; start < 5; start++) {
      for (let end = start; end < b.length; end++) expect(crc32(b, start, end)).toBe(zlibCrc32(b.subarray(start, end)));
    }
  });

  it('gives the check value of the algorithm', () => {
    expect(crc32(Buffer.from('123456789'), 0, 9)).toBe(0xcbf43926);
  });
});

describe('verifyChecksum', () => {
  it.each(['transactions.9.7', 'transactions.8.0', 'tagged.9.7', 'types.9.7'])(
    'accepts every event of %s, inside a larger buffer',
    (name) => {
      for (const { bytes } of fixtureEvents(name)) {
        const b = Buffer.concat([Buffer.alloc(7, 1), bytes, Buffer.alloc(5, 2)]);
        expect(codeOf(() => verifyChecksum(b, 7, 7 + bytes.length))).toBeUndefined();
      }
    },
  );

  it('finds any changed bit', () => {
    const events = fixtureEvents('transactions.9.7').map(({ bytes }) => bytes);
    fc.assert(
      fc.property(fc.constantFrom(...events), fc.nat(), fc.integer({ min: 0, max: 7 }), (event, place, bit) => {
        const at = place % event.length;
        const broken = Buffer.from(event);
        broken.writeUInt8(broken.readUInt8(at) ^ (1 << bit), at);
        // A set "in use" bit of FORMAT_DESCRIPTION is the one change that is allowed.
        fc.pre(!(event.readUInt8(4) === EVENT.FORMAT_DESCRIPTION && at === 17 && bit === 0));
        expect(codeOf(() => verifyChecksum(broken, 0, broken.length))).toBe('BINLOG_CHECKSUM');
      }),
    );
  });

  it('counts the "in use" flag of FORMAT_DESCRIPTION as cleared, and of no other event', () => {
    const open = Buffer.from(fixtureEvent('transactions.9.7', 'FORMAT_DESCRIPTION'));
    const query = Buffer.from(fixtureEvent('transactions.9.7', 'XID'));
    for (const event of [open, query]) event.writeUInt16LE(event.readUInt16LE(17) | 1, 17);
    const before = Buffer.from(open);
    expect(codeOf(() => verifyChecksum(open, 0, open.length))).toBeUndefined();
    expect(open.equals(before)).toBe(true);
    expect(codeOf(() => verifyChecksum(query, 0, query.length))).toBe('BINLOG_CHECKSUM');
  });

  it('refuses an event too short for a header and a checksum', () => {
    const event = madeEvent(EVENT.XID, Buffer.alloc(CHECKSUM_BYTES - 1));
    expect(codeOf(() => verifyChecksum(event, 0, event.length))).toBe('BINLOG_DECODE');
  });
});
