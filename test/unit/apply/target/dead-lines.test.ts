import { describe, expect, it } from 'vitest';
import { DeadLines, saidOf } from '../../../../src/apply/target/dead-lines.ts';
import type { AnswerRow, Session } from '../../../../src/apply/target/target.ts';
import { systemClock } from '../../../../src/base/clock.ts';
import { FakeSession } from '../fake-session.ts';

const MINUTE_MS = 60_000;

const asking: AnswerRow = { Id: '12', Command: 'Query', Info: 'SHOW PROCESSLIST' };
const rowOf = (Command: string, Id = '7'): AnswerRow => ({ Id, Command, Info: null });

describe('what a server says of a session', () => {
  it.each<[string, readonly AnswerRow[], string, number, string]>([
    ['that waits for a statement', [asking, rowOf('Sleep')], 'db1 3306 1', MINUTE_MS, 'idle'],
    ['that it has ended', [asking], 'db1 3306 1', MINUTE_MS, 'gone'],
    ['at work', [asking, rowOf('Query')], 'db1 3306 1', MINUTE_MS, 'works'],
    // Behind a load balancer: its connection 7 is another one.
    ['of another server', [asking, rowOf('Sleep')], 'db2 3306 2', MINUTE_MS, 'nothing'],
    // Behind a proxy with numbers of its own: 12 is somebody else there, or nobody.
    ['that a proxy has numbered', [rowOf('Sleep')], 'db1 3306 1', MINUTE_MS, 'nothing'],
    ['that a proxy has numbered as another', [{ ...asking, Info: 'SELECT 1' }], 'db1 3306 1', MINUTE_MS, 'nothing'],
    // It counts from the beginning: its connection 7 is that of somebody else.
    ['from before its restart', [asking, rowOf('Query')], 'db1 3306 1', 4000, 'gone'],
    ['as old as itself', [asking, rowOf('Query')], 'db1 3306 1', 9000, 'works'],
  ])('%s', (_, list, instance, uptimeMs, said) => {
    expect(saidOf({ list, uptimeMs }, new FakeSession('12'), new FakeSession('7', instance), 9999)).toBe(said);
  });
});

describe('looks', () => {
  let nowMs = 0;
  /** Never late, unless a test says so. */
  let sleep: (ms: number) => Promise<void> = () => new Promise(() => undefined);
  const clock = { ...systemClock, monotonic: () => nowMs, sleep: (ms: number) => sleep(ms) };

  /** What the server lists besides who asks, and what it was asked. */
  function serverOf(list: () => readonly AnswerRow[]): { deadLines: DeadLines; asked: FakeSession[]; said: string[] } {
    const [asked, said]: [FakeSession[], string[]] = [[], []];
    const open = (): Promise<Session> => {
      const session = new FakeSession('12');
      session.answer = (sql) => {
        said.push(sql);
        if (sql.includes('Uptime')) return Promise.resolve([{ Value: '99999' }]);
        return Promise.resolve(sql.startsWith('SHOW') ? [asking, ...list()] : []);
      };
      asked.push(session);
      return Promise.resolve(session);
    };
    return { deadLines: new DeadLines(open, clock), asked, said };
  }

  const waiting = (bytes = 10, id = '7'): FakeSession => {
    const session = new FakeSession(id);
    session.waits = { sinceMs: nowMs, bytes };
    return session;
  };
  const kills = (said: readonly string[]): readonly string[] => said.filter((sql) => sql.startsWith('KILL'));

  it('the second that finds the server idle gives up, after it has ended the session there', async () => {
    const { deadLines, asked, said } = serverOf(() => [rowOf('Sleep')]);
    const session = waiting();
    nowMs += 4999;
    expect(await deadLines.look([session])).toBe(false);
    expect(asked).toEqual([]);
    nowMs += 1;
    expect(await deadLines.look([session])).toBe(false);
    nowMs += 5000;
    session.destroy = (why) => {
      expect(kills(said)).toEqual(['KILL 7']);
      FakeSession.prototype.destroy.call(session, why);
    };
    expect(await deadLines.look([session])).toBe(true);
    expect(session.why).toBe(
      'no answer to a statement for 10 s, and the server is at none: it was lost, or its answer',
    );
    expect(asked.map(({ isOver }) => isOver)).toEqual([true, true]);
  });

  it('a session that the server does not have is given up, and nothing ended', async () => {
    const { deadLines, said } = serverOf(() => []);
    const session = waiting();
    nowMs += 6000;
    await deadLines.look([session]);
    expect(await deadLines.look([session])).toBe(true);
    expect(kills(said)).toEqual([]);
  });

  it.each<[string, (session: FakeSession) => void]>([
    ['was heard of', (session) => (session.heardBytes += 1)],
    ['is at the next statement', (session) => (session.waits = { sinceMs: 0, bytes: 10 })],
    ['was answered', (session) => (session.waits = undefined)],
  ])('one that %s between them is kept', async (_, change) => {
    const { deadLines } = serverOf(() => [rowOf('Sleep')]);
    const session = waiting();
    nowMs += 6000;
    await deadLines.look([session]);
    change(session);
    expect(await deadLines.look([session])).toBe(false);
  });

  it('one that is answered while the server is asked is kept', async () => {
    const session = waiting();
    const list = (): readonly AnswerRow[] => {
      if (looks === 2) session.waits = { sinceMs: nowMs, bytes: 10 };
      return [rowOf('Sleep')];
    };
    const { deadLines, said } = serverOf(list);
    let looks = 1;
    nowMs += 6000;
    await deadLines.look([session]);
    looks = 2;
    expect(await deadLines.look([session])).toBe(false);
    expect(kills(said)).toEqual([]);
  });

  it('one whose answer comes while another one is ended is kept', async () => {
    const [first, second] = [waiting(), waiting(10, '8')];
    const { deadLines, said } = serverOf(() => [rowOf('Sleep'), rowOf('Sleep', '8')]);
    first.destroy = () => {
      first.isOver = true;
      second.waits = undefined;
    };
    nowMs += 6000;
    await deadLines.look([first, second]);
    await deadLines.look([first, second]);
    expect([first.isOver, second.isOver]).toEqual([true, false]);
    expect(kills(said)).toEqual(['KILL 7']);
  });

  describe('a large statement', () => {
    const MIB = 1 << 20;

    it('is given 32 KiB a second', async () => {
      const { deadLines } = serverOf(() => [rowOf('Sleep')]);
      const session = waiting(MIB);
      nowMs += 36_000;
      for (let looks = 0; looks < 3; looks += 1) await deadLines.look([session]);
      expect(session.isOver).toBe(false);
      nowMs += 1000;
      expect(await deadLines.look([session])).toBe(true);
    });

    it('is given no time once it has come to the server', async () => {
      let command = 'Query';
      const { deadLines } = serverOf(() => [rowOf(command)]);
      const session = waiting(MIB);
      nowMs += 6000;
      await deadLines.look([session]);
      command = 'Sleep';
      await deadLines.look([session]);
      expect(await deadLines.look([session])).toBe(true);
    });

    it('is given no time when another session has lost one', async () => {
      const { deadLines } = serverOf(() => [rowOf('Sleep'), rowOf('Sleep', '8')]);
      const sessions = [waiting(MIB), waiting(10, '8')];
      nowMs += 6000;
      await deadLines.look(sessions);
      await deadLines.look(sessions);
      expect(sessions.map(({ isOver }) => isOver)).toEqual([true, true]);
    });
  });

  it('a server that does not answer within 10 s says nothing, whatever it says later', async () => {
    const asked = new FakeSession('12');
    let answer: (rows: readonly AnswerRow[]) => void = () => undefined;
    asked.answer = () => new Promise((resolve) => (answer = resolve));
    sleep = (ms) => (ms === 10_000 ? Promise.resolve() : new Promise(() => undefined));
    const deadLines = new DeadLines(() => Promise.resolve(asked), clock);
    const session = waiting();
    nowMs += 6000;
    expect(await deadLines.look([session])).toBe(false);
    expect(asked.isOver).toBe(true);
    answer([]);
    expect(session.isOver).toBe(false);
    sleep = () => new Promise(() => undefined);
  });
});
