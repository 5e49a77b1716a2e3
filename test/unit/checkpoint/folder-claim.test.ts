/**
 * Who may store in a folder, when several relays want to, or seem to. Real processes on one folder:
 * test/e2e/fence.test.ts.
 */
import * as nodeFs from 'node:fs/promises';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import type { CheckpointStore } from '../../../src/checkpoint/checkpoint.ts';
import { createFileCheckpointStore } from '../../../src/checkpoint/file.ts';
import type { CheckpointFs } from '../../../src/checkpoint/file-generations.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from '../../../src/checkpoint/process-identity.ts';
import { checkpoint } from '../../support/checkpoints.ts';
import { Gate } from '../../support/relay-ends.ts';

let parent: string;
let folder: string;
let opened: CheckpointStore[];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'checkpoint-claim-'));
  folder = join(parent, 'own');
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await rm(parent, { recursive: true });
});

/** Waits a tenth of what it is asked to, and renews ten times as often. */
const HASTY: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
  every: (ms, task) => systemClock.every(ms / 10, task),
};
const GONE = { identity: ownIdentity, isRunning: (): boolean => false };
const ELSEWHERE = { identity: ownIdentity, isRunning: (): undefined => undefined };

function open(
  processes: typeof GONE | typeof ELSEWHERE | { identity: typeof ownIdentity; isRunning: typeof isRunning },
  path = folder,
): CheckpointStore {
  const store = createFileCheckpointStore(
    { folder: path },
    { logger: pino({ level: 'silent' }), clock: HASTY, processes },
  );
  opened.push(store);
  return store;
}

const here = { identity: ownIdentity, isRunning };
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => (error as { code: unknown }).code,
  );

describe('a folder that a run has', () => {
  it('is refused to others while its process lives, whatever they call it, and named', async () => {
    const first = open(here);
    await first.take();
    await symlink(folder, join(parent, 'alias'));
    for (const path of [folder, join(parent, 'alias'), join(parent, 'own', '..', 'own')]) {
      const refused = open(here, path).take();
      await expect(refused).rejects.toMatchObject({ code: 'CHECKPOINT_LOCKED' });
      await expect(refused).rejects.toThrow(`process ${process.pid} on ${ownIdentity().host}`);
    }
    await first.save(checkpoint(1, { epoch: 1 }));
    expect(await open(here).load()).toEqual(checkpoint(1, { epoch: 1 }));
  });

  it('is free at once when the process is gone, or has given it back', async () => {
    await open(here).take();
    const second = open(GONE);
    expect((await second.take()).epoch).toBe(2);
    await second.close();
    expect((await open(here).take()).epoch).toBe(3);
    expect(await readdir(folder)).toEqual(['claim-3.json']);
  });

  it('is refused to one that cannot see the process, while its claim is renewed, and free when it is not', async () => {
    const first = open(here);
    await first.take();
    expect(await codeOf(open(ELSEWHERE).take())).toBe('CHECKPOINT_LOCKED');
    await rm(folder, { recursive: true });
    await nodeFs.mkdir(folder);
    const claim = { process: ownIdentity(), state: 'held' };
    await nodeFs.writeFile(join(folder, 'claim-41.json'), JSON.stringify(claim));
    await first.close();
    expect((await open(ELSEWHERE).take()).epoch).toBe(42);
  });

  it('keeps no run from ending that watches it', async () => {
    await nodeFs.mkdir(folder);
    await nodeFs.writeFile(join(folder, 'claim-7.json'), '{}');
    const waiting = createFileCheckpointStore({ folder }, { logger: pino({ level: 'silent' }), clock: systemClock });
    const taking = codeOf(waiting.take());
    await new Promise((resolve) => setTimeout(resolve, 100));
    const beganMs = performance.now();
    await waiting.close();
    expect(await taking).toBe('INTERNAL');
    expect(performance.now() - beganMs).toBeLessThan(2000);
    expect(await readdir(folder)).toEqual(['claim-7.json']);
  });

  it('whose claim was cut in the middle is free after a while', async () => {
    await nodeFs.mkdir(folder);
    await nodeFs.writeFile(join(folder, 'claim-7.json'), '{"process":');
    expect((await open(here).take()).epoch).toBe(8);
  });

  it('is not given to one that looked before others came and went', async () => {
    const first = open(here);
    await first.take();
    await first.close();
    const gate = new Gate();
    let looks = 0;
    const slow: CheckpointFs = {
      ...nodeFs,
      readdir: async (path) => {
        const names = await nodeFs.readdir(path);
        looks += 1;
        if (looks === 1) await gate.passed;
        return names;
      },
    };
    const late = createFileCheckpointStore(
      { folder },
      { logger: pino({ level: 'silent' }), clock: systemClock, fs: slow },
    );
    const taking = codeOf(late.take());
    await expect.poll(() => looks).toBe(1);
    const second = open(here);
    await second.take();
    await second.close();
    const third = open(here);
    expect((await third.take()).epoch).toBe(3);
    gate.open();
    expect(await taking).toBe('CHECKPOINT_LOCKED');
    expect(await readdir(folder)).toEqual(['claim-3.json']);
    await third.confirm();
  });

  it('goes to one of several that come at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const stores = Array.from({ length: 4 }, () => open(here));
      const outcomes = await Promise.allSettled(stores.map((store) => store.take()));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await Promise.all(stores.map((store) => store.close()));
    }
  });
});

describe('a run that was taken for gone, and is not', () => {
  it('stores nothing more, whenever it wakes up', async () => {
    const old = open(here);
    expect((await old.take()).epoch).toBe(1);
    await old.save(checkpoint(1, { epoch: 1 }));
    const next = open(GONE);
    const { epoch } = await next.take();
    expect(await codeOf(old.confirm())).toBe('CHECKPOINT_TAKEN');
    expect(await codeOf(old.save(checkpoint(2, { epoch: 1 })))).toBe('CHECKPOINT_TAKEN');
    await next.save(checkpoint(3, { epoch }));
    await next.close();
    expect(await codeOf(old.save(checkpoint(4, { epoch: 1 })))).toBe('CHECKPOINT_TAKEN');
    expect(await open(here).load()).toEqual(checkpoint(3, { epoch }));
  });

  it('leaves no epoch to be given out twice, even if its last save comes after all of the next run', async () => {
    const old = open(here);
    await old.take();
    const next = open(GONE);
    await next.take();
    await next.save(checkpoint(2, { epoch: 2 }));
    await next.close();
    // As if the rename of the old one had hung until now.
    const stale = createFileCheckpointStore(
      { folder: join(parent, 'stale') },
      { logger: pino({ level: 'silent' }), clock: HASTY },
    );
    await stale.save(checkpoint(1, { epoch: 1 }));
    await nodeFs.rename(join(parent, 'stale', 'checkpoint.json'), join(folder, 'checkpoint.json'));
    expect((await open(here).take()).epoch).toBe(3);
  });
});

it('a folder that was emptied by hand is still that of the run', async () => {
  const store = open(here);
  await store.take();
  await store.save(checkpoint(1, { epoch: 1 }));
  await rm(folder, { recursive: true });
  await store.save(checkpoint(2, { epoch: 1 }));
  expect((await readdir(folder)).sort()).toEqual(['checkpoint.json', 'checkpoint.previous.json', 'claim-1.json']);
  await rm(folder, { recursive: true });
  await nodeFs.mkdir(folder);
  await nodeFs.writeFile(join(folder, 'claim-1.json'), '{}');
  // This one is another relay's.
  await rm(join(folder, 'claim-1.json'));
  await nodeFs.writeFile(join(folder, 'claim-2.json'), '{}');
  expect(await codeOf(store.save(checkpoint(3, { epoch: 1 })))).toBe('CHECKPOINT_TAKEN');
});

describe('a process', () => {
  const own = ownIdentity();

  it('is known by its start, its id, its machine and its container', () => {
    expect(isRunning(own)).toBe(true);
    expect(isRunning({ ...own, startTime: `${Number(own.startTime) + 1}` })).toBe(false);
    expect(isRunning({ ...own, pid: 2 ** 22 + 1 })).toBe(false);
  });

  it.each<[string, Partial<ProcessIdentity>]>([
    ['of another machine, or before a reboot', { boot: 'another' }],
    ['of another container, with the same id', { pidNamespace: 'pid:[1]' }],
    ['of a machine without /proc', { boot: null, pidNamespace: null, startTime: null }],
  ])('%s is not judged', (_, changes) => {
    expect(isRunning({ ...own, ...changes })).toBeUndefined();
  });
});
