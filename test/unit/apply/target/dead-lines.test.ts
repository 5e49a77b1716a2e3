import { expect, it } from 'vitest';
import { isIdle } from '../../../../src/apply/target/dead-lines.ts';
import type { AnswerRow, Session } from '../../../../src/apply/target/target.ts';

const unused = (): never => {
  throw new Error('not asked for');
};
const sessionOf = (connectionId: string, instance = 'db1 3306 1'): Session => ({
  server: { flavour: 'mysql', version: '9.7.4', maxPacketBytes: 1024, instance, connectionId },
  isOver: false,
  waits: undefined,
  heardBytes: 0,
  query: unused,
  run: unused,
  destroy: unused,
});

const asking: AnswerRow = { Id: '12', Command: 'Query', Info: 'SHOW PROCESSLIST' };
const rowOf = (Command: string): AnswerRow => ({ Id: '7', Command, Info: null });

it.each<[string, readonly AnswerRow[], Session, boolean]>([
  ['that waits for a statement', [asking, rowOf('Sleep')], sessionOf('7'), true],
  ['that the server has ended', [asking], sessionOf('7'), true],
  ['at work', [asking, rowOf('Query')], sessionOf('7'), false],
  // Behind a load balancer: its connection 7 is another one.
  ['of another server', [asking, rowOf('Sleep')], sessionOf('7', 'db2 3306 2'), false],
  // Behind a proxy with numbers of its own: 12 is somebody else there, or nobody.
  ['that a proxy has numbered', [rowOf('Sleep')], sessionOf('7'), false],
  ['that a proxy has numbered as another', [{ ...asking, Info: 'SELECT 1' }], sessionOf('7'), false],
])('a session %s', (_, list, session, expected) => {
  expect(isIdle(list, sessionOf('12'), session)).toBe(expected);
});
