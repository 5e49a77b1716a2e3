import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LowWaterMark, type Segment } from '../../../../src/relay/progress/low-water-mark.ts';

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

  it('waits for the oldest message, whatever is acknowledged after it', () => {
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

  it('stays before an open branch, and passes its transaction together with that of its commit', () => {
    const mark = new LowWaterMark(START);
    mark.commit('binlog.000001', 200, UUID, 11n);
    const branch = mark.holdBranch();
    mark.commit('binlog.000001', 300, UUID, 12n);
    const between = mark.hold(1000);
    mark.commit('binlog.000001', 400, UUID, 13n);
    const ofBranch = mark.hold(2000);
    mark.commit('binlog.000001', 500, UUID, 14n);
    mark.commitBranch(branch);
    expect(mark.position().offset).toBe(200);
    mark.release(between);
    expect(mark.position().offset).toBe(200);
    mark.commit('binlog.000001', 600, UUID, 15n);
    mark.release(ofBranch);
    expect(mark.position()).toEqual({ file: 'binlog.000001', offset: 600, gtidSet: `${UUID}:1-15` });
  });

  it('takes no more memory while it stands still, however much is acknowledged meanwhile', () => {
    for (const hold of ['branch', 'message'] as const) {
      const mark = new LowWaterMark(START);
      const oldest = hold === 'branch' ? mark.holdBranch() : mark.hold(1);
      let before: Segment | undefined;
      for (let gno = 11; gno < 5000; gno += 1) {
        mark.commit('binlog.000001', gno * 10, UUID, BigInt(gno));
        // Acknowledged in another order than they were held in.
        const held = mark.hold(2);
        if (gno % 2 === 0) mark.release(held);
        else {
          if (before !== undefined) mark.release(before);
          before = held;
        }
        expect(mark.segments).toBeLessThan(6);
        if (gno % 100 === 0) expect(mark.position()).toEqual(START);
      }
      if (before !== undefined) mark.release(before);
      if (hold === 'branch') mark.rollBackBranch(oldest);
      else mark.release(oldest);
      expect(mark.position()).toEqual({ file: 'binlog.000001', offset: 49_990, gtidSet: `${UUID}:1-4999` });
      expect(mark.segments).toBe(1);
    }
  });

  it('never stands where a run would meet the commit of a branch without its rows', () => {
    const step = fc.oneof(
      fc.constant('prepare' as const),
      fc.record({ end: fc.nat(), isCommit: fc.boolean() }),
      fc.constant('transaction' as const),
      fc.record({ acknowledge: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const mark = new LowWaterMark(START);
        const messages: { segment: Segment; transaction: number }[] = [];
        const open: { segment: Segment; prepared: number }[] = [];
        const committed: { prepared: number; committed: number }[] = [];
        let ended = 10;
        const end = (): void => {
          ended += 1;
          mark.commit('binlog.000001', 100 + (ended - 10) * 10, UUID, BigInt(ended));
        };
        const message = (): void => void messages.push({ segment: mark.hold(0), transaction: ended + 1 });
        for (const next of steps) {
          if (next === 'prepare') {
            open.push({ segment: mark.holdBranch(), prepared: ended + 1 });
            end();
          } else if (next === 'transaction') {
            message();
            end();
          } else if ('acknowledge' in next) {
            const [acknowledged] = messages.splice(next.acknowledge % Math.max(1, messages.length), 1);
            if (acknowledged !== undefined) mark.release(acknowledged.segment);
          } else {
            const [branch] = open.splice(next.end % Math.max(1, open.length), 1);
            if (branch === undefined) continue;
            if (next.isCommit) message();
            end();
            if (next.isCommit) mark.commitBranch(branch.segment);
            else mark.rollBackBranch(branch.segment);
            if (next.isCommit) committed.push({ prepared: branch.prepared, committed: ended });
          }
          const passed = (mark.position().offset - 100) / 10 + 10;
          for (const { transaction } of messages) expect(passed).toBeLessThan(transaction);
          for (const { prepared } of open) expect(passed).toBeLessThan(prepared);
          for (const pair of committed) expect(passed >= pair.prepared).toBe(passed >= pair.committed);
          if (messages.length === 0 && open.length === 0) expect(passed).toBe(ended);
        }
      }),
    );
  });

  it('may stop between a branch and its rollback', () => {
    const mark = new LowWaterMark(START);
    const branch = mark.holdBranch();
    mark.commit('binlog.000001', 200, UUID, 11n);
    mark.hold(1000);
    expect(mark.oldestHeldMs).toBe(1000);
    mark.commit('binlog.000001', 300, UUID, 12n);
    mark.rollBackBranch(branch);
    expect(mark.position().offset).toBe(200);
  });

  it('follows a stream without GTIDs by file and offset', () => {
    const mark = new LowWaterMark({ ...START, gtidSet: undefined });
    mark.commit('binlog.000001', 200, `${UUID}/binlog.000001`, undefined);
    mark.move('binlog.000002', 4);
    expect(mark.position()).toEqual({ file: 'binlog.000002', offset: 4, gtidSet: undefined });
  });
  it('never passes an unacknowledged message, and passes everything once all are acknowledged (invariant 1)', () => {
    const step = fc.oneof(
      fc.constant('row' as const),
      fc.constant('commit' as const),
      fc.record({ acknowledge: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
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
