import { describe, expect, it } from 'vitest';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { StreamPlace } from '../../../../src/relay/intake/stream-place.ts';

/** The header of an event that ends at `next`. */
function header(type: number, next: number): Buffer {
  const b = Buffer.alloc(19);
  b[4] = type;
  b.writeUInt32LE(next % 2 ** 32, 13);
  return b;
}

describe('what a stream has passed', () => {
  it('is its last boundary, or further on what a heartbeat has named', () => {
    const at = new StreamPlace('binlog.000001', 1000);
    expect(at.passed).toBe(1000);
    at.hear(header(EVENT.HEARTBEAT, 5000), 0);
    expect(at.passed).toBe(5000);
    at.advance(EVENT.XID, header(EVENT.XID, 6000), 0);
    expect(at.passed).toBe(5000);
    at.atBoundary();
    expect(at.passed).toBe(6000);
    at.hear(header(EVENT.HEARTBEAT, 5000), 0);
    expect(at.passed).toBe(6000);
  });

  it('is of one file and one session: what was heard before does not count', () => {
    const at = new StreamPlace('binlog.000001', 1000);
    at.hear(header(EVENT.HEARTBEAT, 5000), 0);
    at.moveTo('binlog.000002', 4);
    expect(at.passed).toBe(4);
    at.hear(header(EVENT.HEARTBEAT, 700), 0);
    at.rewind();
    expect(at.passed).toBe(4);
  });

  it('is never more than the server has said beyond 4 GiB, where a header holds 32 bits', () => {
    const at = new StreamPlace('binlog.000001', 2 ** 32 + 1000);
    at.hear(header(EVENT.HEARTBEAT, 2 ** 32 + 2000), 0);
    expect(at.passed).toBe(2 ** 32 + 2000);
    const before = new StreamPlace('binlog.000001', 1000);
    before.hear(header(EVENT.HEARTBEAT, 2 ** 32 + 2000), 0);
    expect(before.passed).toBe(2000);
  });
});
