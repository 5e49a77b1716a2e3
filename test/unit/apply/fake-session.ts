import type { AnswerRow, Session, Wait } from '../../../src/apply/target/target.ts';

/** A session whose state is set from outside. */
export class FakeSession implements Session {
  readonly server: Session['server'];
  readonly beganMs = 0;
  isOver = false;
  waits: Wait | undefined;
  heardBytes = 0;
  why = '';
  answer: (sql: string) => Promise<readonly AnswerRow[]> = () => Promise.resolve([]);

  constructor(connectionId: string, instance = 'db1 3306 1') {
    this.server = { flavour: 'mysql', version: '9.7.4', maxPacketBytes: 1024, instance, connectionId };
  }

  query(sql: string): Promise<readonly AnswerRow[]> {
    return this.answer(sql);
  }

  run(): never {
    throw new Error('not asked for');
  }

  destroy(why = ''): void {
    this.isOver = true;
    this.why = why;
    this.waits = undefined;
  }
}
