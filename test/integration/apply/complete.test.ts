/** What the ledger knows of the lanes' progress messages, in a real MySQL. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RowDataPacket } from 'mysql2/promise';
import { PROGRESS_COLUMNS } from '../../../src/apply/ledger/lane-state.ts';
import { Ledger } from '../../../src/apply/ledger/ledger.ts';
import { openSession } from '../../../src/apply/target/session.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { progress, rows, Writing } from '../../support/lane-messages.ts';
import { targetOf } from '../../support/round-trip/apply-sink.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../../support/servers.ts';

let target: FreshDatabase;
let writing: Writing | undefined;

beforeEach(async () => {
  target = await freshDatabase({ prefix: 'target' });
  await target.connection.query('CREATE TABLE orders (id INT PRIMARY KEY)');
});

afterEach(async () => {
  writing?.end();
  writing = undefined;
  await target.drop();
});

const order = { types: { id: 'int' }, data: [[['id', '1']]] } as const;
const other = { lane: 'lane-1' };

it('is what all lanes have said in the newest run of the relay (invariant 23)', async () => {
  const { session, ledger } = (writing = await Writing.begin(target.name));
  const round = async (): Promise<string | undefined> => (await ledger.complete(session))?.gtidSet;
  expect(await round()).toBeUndefined();
  await writing.write(rows({ sequence: 1 }, order), progress({ sequence: 2 }, 1, 'u:1-3', 2));
  expect(await round()).toBeUndefined();
  await writing.write(progress({ ...other, sequence: 1 }, 1, 'u:1-3', 2));
  expect(await round()).toBe('u:1-3');
  await writing.write(progress({ sequence: 3 }, 2, 'u:1-5', 2), rows({ sequence: 4 }, order));
  expect(await round()).toBe('u:1-3');
  await writing.write(progress({ ...other, sequence: 2 }, 3, 'u:1-6', 2));
  expect(await ledger.complete(session)).toEqual({
    epoch: 1,
    round: 2,
    gtidSet: 'u:1-5',
    position: 'binlog.000001:2',
    asOfMs: 2000,
  });
  // A later run: what was said before counts no more.
  await writing.write(rows({ epoch: 2, sequence: 1 }, order));
  expect(await round()).toBeUndefined();
  await writing.write(progress({ epoch: 2, sequence: 2 }, 1, 'u:1-4', 2));
  expect(await round()).toBeUndefined();
  await writing.write(progress({ ...other, epoch: 2, sequence: 1 }, 1, 'u:1-4', 2));
  expect(await round()).toBe('u:1-4');
});

describe('a ledger that was made before', () => {
  const columns = async (): Promise<readonly unknown[]> => {
    const [found] = await target.connection.query<RowDataPacket[]>(
      `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '${target.name}' AND TABLE_NAME = 'apply_lane'`,
    );
    return found.map(({ name }) => name as unknown);
  };
  const drops = Object.keys(PROGRESS_COLUMNS).map((name) => `DROP COLUMN ${name}`);

  beforeEach(async () => {
    writing = await Writing.begin(target.name);
    await writing.write(rows({ sequence: 1 }, order));
    await target.connection.query(`ALTER TABLE apply_lane ${drops.join(', ')}`);
    writing.end();
  });

  it('gets its columns, and goes on', async () => {
    writing = await Writing.begin(target.name);
    expect(await columns()).toEqual(expect.arrayContaining(Object.keys(PROGRESS_COLUMNS)));
    await writing.write(rows({ sequence: 1 }, order), progress({ sequence: 2 }, 1, 'u:1-3', 1));
    expect(writing.dropped).toBe(1);
    expect(await writing.ledger.complete(writing.session)).toMatchObject({ gtidSet: 'u:1-3' });
  });

  it('says what to run where the account may not', async () => {
    const user = `${target.name}_user`.slice(-32);
    await target.connection.query(
      `CREATE USER \`${user}\` IDENTIFIED BY 'x'; GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON \`${target.name}\`.* TO \`${user}\``,
    );
    const session = await openSession(
      { ...targetOf(sharedMysql()), user, password: 'x' },
      systemClock,
      new AbortController().signal,
    );
    try {
      const refused = new Ledger(target.name, { namespace: '', topic: 'orders' }).prepare(session);
      await expect(refused).rejects.toThrow(
        expect.objectContaining({
          code: 'TARGET_GRANT_MISSING',
          remedy: expect.stringContaining('`apply_lane` ADD COLUMN progress_epoch BIGINT NULL, ADD') as string,
        }) as Error,
      );
    } finally {
      session.destroy();
      await target.connection.query(`DROP USER \`${user}\``);
    }
  });
});
