import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LowWaterMark, type Segment } from '../../../src/relay/low-water-mark.ts';

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const START = { file: 'binlog.000001', offset: 100, gtidSet: `${UUID}:1-10` };

describe('LowWaterMark', () => {
  it('stays where it started until a transaction ends', () => {
    const mark = new LowWaterMark(START);
    expect(mark.position()).toEqual(START);
    mark.hold(1);
    expect(mark.position()).toEqual(START);
  });

  it('passes transactions without published rows at once', () => {
    const mark = new LowWaterMark(START);
    mark.commit('binlog.000001', 200, UUID, 11n);
    expect(mark.position()).toEqual({ file: 'binlog.000001', offset: 200, gtidSet: `${UUID}:1-11` });
  });

  it('waits for the oldest message, whatever is acknowledged behind it', () => {
    const mark = new LowWaterMark(START);
    const first = mark.hold(1000);
    mark.commit('binlog.000001', 200, UUID, 11n);
    const second = mark.hold(2000);
    mark.commit('binlog.000001', 300, UUID, 12n);
    mark.release(second);
    expect(mark.position()).toEqual(START);
    expect(mark.oldestHeldMs).toBe(1000);
    mark.release(first);
    expect(mark.position().offset).toBe(300);
    expect(mark.oldestHeldMs).toBeUndefined();
  });

  it('does not pass the transaction that is being read', () => {
    const mark = new LowWaterMark(START);
    mark.commit('binlog.000001', 200, UUID, 11n);
    const inTransaction = mark.hold(1);
    mark.release(inTransaction);
    expect(mark.position().offset).toBe(200);
    mark.commit('binlog.000001', 300, UUID, 12n);
    expect(mark.position().offset).toBe(300);
  });

  it('follows a stream without GTIDs by file and offset', () => {
    const mark = new LowWaterMark({ ...START, gtidSet: undefined });
    mark.commit('binlog.000001', 200, `${UUID}/binlog.000001`, undefined);
    mark.move('binlog.000002', 4);
    expect(mark.position()).toEqual({ file: 'binlog.000002', offset: 4, gtidSet: undefined });
  });

  // Invariant 1.
  it('never passes an unacknowledged message, and passes everything once all are acknowledged', () => {
    const step = fc.oneof(
      fc.constant('row' as const),
      fc.constant('commit' as const),
      fc.record({ acknowledge: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const mark = new LowWaterMark(START);
        const unacknowledged: { segment: Segment; transaction: number }[] = [];
        let ended = 10;
        const check = (): void => {
          const passed = (mark.position().offset - 100) / 10 + 10;
          for (const { transaction } of unacknowledged) expect(passed).toBeLessThan(transaction);
          expect(mark.position().gtidSet).toBe(`${UUID}:1-${passed}`);
          if (unacknowledged.length === 0) expect(passed).toBe(ended);
        };
        for (const next of steps) {
          if (next === 'row') unacknowledged.push({ segment: mark.hold(0), transaction: ended + 1 });
          else if (next === 'commit') {
            ended += 1;
            mark.commit('binlog.000001', 100 + (ended - 10) * 10, UUID, BigInt(ended));
          } else if (unacknowledged.length > 0) {
            const [message] = unacknowledged.splice(next.acknowledge % unacknowledged.length, 1);
            if (message !== undefined) mark.release(message.segment);
          }
          check();
        }
      }),
    );
  });
});
