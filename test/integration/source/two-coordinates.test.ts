/**
 * A checkpoint has GTIDs, and file with offset: nothing that only one of them can see is passed, and neither means
 * other transactions unnoticed.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import type { Checkpoint, CheckpointStore } from '../../../src/checkpoint/checkpoint.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import { RelayError } from '../../../src/base/errors.ts';
import { RecordingRelay, type RecordingOptions } from '../../support/recording-relay.ts';
import { asRoot, VERSIONS } from './both-servers.ts';

describe.each([...VERSIONS, 'mariadb-10.11'] as const)('%s', (version) => {
  const isMariadb = version.startsWith('mariadb');
  const reset = version === '9.7' ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER';
  let mysql: MysqlServer;
  let store: CheckpointStore;
  let ids: number[];
  let relays: RecordingRelay[] = [];

  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
  });
  afterAll(() => mysql.remove());
  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    relays = [];
  });
  beforeEach(async () => {
    store = createMemoryCheckpointStore();
    ids = [];
    await asRoot(
      mysql,
      'DROP DATABASE IF EXISTS shop',
      reset,
      'CREATE DATABASE shop',
      'CREATE TABLE shop.t (id INT PRIMARY KEY, note VARCHAR(99))',
    );
  });

  const insert = (id: number, note = ''): Promise<void> =>
    asRoot(mysql, `INSERT INTO shop.t VALUES (${id}, '${note}')`);
  const mode = (...modes: string[]): Promise<void> =>
    asRoot(mysql, ...modes.map((name) => `SET GLOBAL gtid_mode = ${name}`));
  const start = async (options: Partial<RecordingOptions> = {}): Promise<RecordingRelay> => {
    relays.push(await RecordingRelay.start({ mysql, tables: { include: ['shop.t'] }, store, ...options }));
    return relays.at(-1) as RecordingRelay;
  };
  /** Lanes are in no order among each other. */
  const idsOf = (relay: RecordingRelay): number[] =>
    relay.messages.flatMap(({ body }) => body.data.map(({ id }) => Number(id))).sort((a, b) => a - b);
  /** Runs the relay until it has published row `id`. */
  const publishUntil = async (id: number, options: Partial<RecordingOptions> = {}): Promise<void> => {
    const relay = await start(options);
    await expect.poll(() => [relay.status().lastError?.message, ...idsOf(relay)], { timeout: 20_000 }).toContain(id);
    await expect.poll(() => relay.status().progress, { timeout: 20_000 }).toBe('idle');
    ids.push(...idsOf(relay));
    expect(await relay.stop()).toBeUndefined();
  };
  const refusal = async (options: Partial<RecordingOptions> = {}): Promise<RelayError> => {
    const relay = await start(options);
    const error = await relay.ended;
    expect(relay.messages).toEqual([]);
    if (error instanceof RelayError) return error;
    throw new Error(`expected a RelayError, not ${String(error)}`);
  };
  const checkpoint = async (): Promise<Checkpoint> => {
    const stored = await store.load();
    if (stored === undefined) throw new Error('no checkpoint');
    return stored;
  };

  describe.skipIf(isMariadb)('GTIDs turned off and on again (invariant 7)', () => {
    it('the transactions without are published, or named by who refuses', async () => {
      const relay = await start();
      await insert(1);
      await mode('ON_PERMISSIVE');
      await insert(2);
      await mode('OFF_PERMISSIVE');
      await insert(3);
      expect(await relay.ended).toMatchObject({ code: 'SOURCE_CHANGED' });
      ids.push(...idsOf(relay));
      expect(ids).toEqual([1, 2]);
      await mode('ON_PERMISSIVE', 'ON');
      await insert(4);

      const refused = await refusal();
      expect(refused.code).toBe('SOURCE_CHANGED');
      expect(refused.message).toMatch(/without GTID .*: binlog\.000003:\d+$/);

      // As the remedy says.
      await mode('ON_PERMISSIVE');
      await publishUntil(4);
      expect(ids.sort()).toEqual([1, 2, 3, 4]);
      await mode('ON');
      await insert(5);
      await publishUntil(5);
      expect(ids.sort()).toEqual([1, 2, 3, 4, 5]);
      expect((await checkpoint()).gtidSet).toMatch(/:1-\d+$/);
    });

    it('a relay that is started again at once misses nothing', async () => {
      const relay = await start();
      await insert(1);
      await mode('ON_PERMISSIVE', 'OFF_PERMISSIVE');
      await insert(2);
      await relay.ended;
      ids.push(...idsOf(relay));
      await publishUntil(2);
      await mode('OFF');
      await insert(3);
      await publishUntil(3);
      await mode('OFF_PERMISSIVE', 'ON_PERMISSIVE');
      await insert(4);
      await publishUntil(4);
      await mode('ON');
      await insert(5);
      await publishUntil(5);
      expect(ids.sort()).toEqual([1, 2, 3, 4, 5]);
    });

    it('transactions with GTID wait while the mode is OFF', async () => {
      await publishUntilAll(1);
      await insert(2);
      await mode('ON_PERMISSIVE', 'OFF_PERMISSIVE', 'OFF');
      await insert(3);
      const refused = await refusal();
      expect(refused.code).toBe('SOURCE_CHANGED');
      expect(refused.message).toContain('GTID_MODE = OFF');
      await mode('OFF_PERMISSIVE');
      await publishUntil(3);
      expect(ids.sort()).toEqual([2, 3]);
      await mode('ON_PERMISSIVE', 'ON');
    });

    it('a first start does not pass them either', async () => {
      await mode('ON_PERMISSIVE', 'OFF_PERMISSIVE');
      await insert(1);
      await mode('ON_PERMISSIVE', 'ON');
      await insert(2);
      await asRoot(mysql, 'FLUSH BINARY LOGS', "PURGE BINARY LOGS TO 'binlog.000003'");
      for (const setting of ['earliest', { file: 'binlog.000003', position: 4 }] as const) {
        const refused = await refusal({ start: setting });
        expect(refused.code).toBe('SOURCE_POSITION_INVALID');
        expect(refused.message).toMatch(/binlog\.000003:\d+$/);
        expect(refused.remedy).toContain('{ file: binlog.000005, position: 4 }');
      }
      await publishUntil(2, { start: { file: 'binlog.000005', position: 4 } });
      expect(ids).toEqual([2]);
    });
  });

  describe('RESET while the relay is down', () => {
    it.each([
      ['fewer transactions after it', 1],
      ['more transactions after it', 12],
    ])('%s', async (_, count) => {
      const relay = await start();
      for (let id = 1; id <= 3; id += 1) await insert(id);
      await expect.poll(() => idsOf(relay), { timeout: 20_000 }).toEqual([1, 2, 3]);
      expect(await relay.stop()).toBeUndefined();
      await asRoot(mysql, reset, 'DELETE FROM shop.t');
      for (let id = 10; id < 10 + count; id += 1) await insert(id, 'x'.repeat(id));
      expect((await refusal()).code).toBe('SOURCE_ROLLED_BACK');
      expect((await refusal()).code).toBe('SOURCE_ROLLED_BACK');
    });

    it('a server that has caught up since it was seen rolled back stays refused', async () => {
      await publishUntilAll(3);
      await asRoot(mysql, reset);
      expect((await refusal()).code).toBe('SOURCE_ROLLED_BACK');
      // Byte by byte as long as what was lost: nothing else could tell.
      await asRoot(
        mysql,
        'DROP DATABASE shop',
        reset,
        'CREATE DATABASE shop',
        'CREATE TABLE shop.t (id INT PRIMARY KEY, note VARCHAR(99))',
      );
      for (let id = 4; id <= 7; id += 1) await insert(id);
      const refused = await refusal();
      expect(refused.code).toBe('SOURCE_ROLLED_BACK');
      expect(refused.message).toMatch(/was seen at .* without/);
    });
  });

  /** Rows 1 to `last`. */
  async function publishUntilAll(last: number): Promise<void> {
    const relay = await start();
    for (let id = 1; id <= last; id += 1) await insert(id);
    await expect.poll(() => idsOf(relay), { timeout: 20_000 }).toContain(last);
    expect(await relay.stop()).toBeUndefined();
  }

  it('goes on as ever after FLUSH, idle restarts and crashes', async () => {
    await publishUntilAll(2);
    await publishNothing();
    await asRoot(mysql, 'FLUSH BINARY LOGS', 'FLUSH BINARY LOGS');
    await publishNothing();
    await mysql.kill9();
    await mysql.start();
    await publishNothing();
    await insert(3);
    await publishUntil(3);
    expect(ids).toEqual([3]);
  });

  async function publishNothing(): Promise<void> {
    const relay = await start();
    await expect.poll(() => relay.status().progress, { timeout: 20_000 }).toBe('idle');
    expect(await relay.stop()).toBeUndefined();
    expect(relay.messages).toEqual([]);
  }
});
