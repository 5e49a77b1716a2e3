/** The low-water mark: a transaction with and without a new message, and the question for the position. */
import { LowWaterMark } from '../../src/relay/progress/low-water-mark.ts';
import { repeated, type MicroCase } from './micro-case.ts';

const SOURCE = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const CALLS = 2000;
const start = { file: 'binlog.000001', offset: 4, gtidSet: '' };

function committing(name: string, transactionsPerMessage: number, asked: number): MicroCase {
  const mark = new LowWaterMark(start);
  let gno = 0n;
  let held = mark.hold(0);
  return repeated(name, CALLS, (i) => {
    gno += 1n;
    mark.commit('binlog.000001', Number(gno) * 300, SOURCE, gno);
    if (i % transactionsPerMessage === 0) {
      mark.release(held);
      held = mark.hold(i);
    }
    if (i % asked === 0) mark.position();
  });
}

export const cases: readonly MicroCase[] = [
  committing('commit', CALLS, CALLS),
  committing('commit, a message each', 1, CALLS),
  committing('commit, position after each 100', 10, 100),
];
