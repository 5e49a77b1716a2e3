/** A disk that hangs. A real one, as far as one can be had: test/e2e/fence.test.ts. */
import * as nodeFs from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { asRelayError } from '../../../src/base/errors.ts';
import type { CheckpointStore } from '../../../src/checkpoint/checkpoint.ts';
import { createFileCheckpointStore } from '../../../src/checkpoint/file.ts';
import type { CheckpointFs } from '../../../src/checkpoint/file-generations.ts';
import { checkpoint } from '../../support/checkpoints.ts';
import { Gate } from '../../support/relay-ends.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-hangs-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Waits a twentieth of what it is asked to: the deadline is half a second. */
const HASTY: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 20, signal) };
const FAILS = { code: 'CHECKPOINT_DISK_FAILS', retryable: true };

const CALLS = ['mkdir', 'readFile', 'open', 'write', 'sync', 'rename', 'utimes'] as const;
type Call = (typeof CALLS)[number];

/** From `hang` on, the next call of that kind does not end until the gate opens. */
class HangingFs {
  hang: Call | undefined;
  readonly gate = new Gate();
  /** Calls that were begun while one hung. */
  begun = 0;
  #isHanging = false;

  readonly fs: CheckpointFs = {
    ...nodeFs,
    mkdir: (path) => this.#at('mkdir', () => nodeFs.mkdir(path)),
    readFile: (path) => this.#at('readFile', () => nodeFs.readFile(path)),
    rename: (from, to) => this.#at('rename', () => nodeFs.rename(from, to)),
    utimes: (path, accessed, modified) => this.#at('utimes', () => nodeFs.utimes(path, accessed, modified)),
    open: async (path, flags, mode) => {
      const file = await this.#at('open', () => nodeFs.open(path, flags, mode));
      return {
        writeFile: (text) => this.#at('write', () => file.writeFile(String(text))),
        sync: () => this.#at('sync', () => file.sync()),
        close: () => file.close(),
      };
    },
  };

  async #at<T>(call: Call, work: () => Promise<T>): Promise<T> {
    if (this.#isHanging) this.begun += 1;
    if (call === this.hang) {
      this.hang = undefined;
      this.#isHanging = true;
      await this.gate.passed;
      this.#isHanging = false;
    }
    return work();
  }
}

async function taken(fs: CheckpointFs): Promise<CheckpointStore> {
  const store = createFileCheckpointStore({ folder }, { logger: pino({ level: 'silent' }), clock: HASTY, fs });
  await store.take();
  await store.save(checkpoint(1, { epoch: 1 }));
  return store;
}

describe.each(CALLS)('a disk that hangs in %s', (call) => {
  it('fails a save in time, is asked no more while it hangs, and takes the next one when it is back', async () => {
    const disk = new HangingFs();
    const store = await taken(disk.fs);
    disk.hang = call;
    for (let n = 2; n < 8; n += 1) await expect(store.save(checkpoint(n, { epoch: 1 }))).rejects.toMatchObject(FAILS);
    expect(disk.begun).toBe(0);
    disk.gate.open();
    await expect.poll(() => store.save(checkpoint(9, { epoch: 1 })).then(() => 'stored', asRelayError)).toBe('stored');
    expect(await store.load()).toEqual(checkpoint(9, { epoch: 1 }));
    await store.close();
  });

  it('does not keep a relay from ending', async () => {
    const disk = new HangingFs();
    const store = await taken(disk.fs);
    disk.hang = call;
    await expect(store.save(checkpoint(2, { epoch: 1 }))).rejects.toMatchObject(FAILS);
    const beganMs = performance.now();
    await store.close();
    expect(performance.now() - beganMs).toBeLessThan(5000);
    disk.gate.open();
  });
});

it.each(['EIO', 'ESTALE', 'EMFILE', 'ENFILE', 'ETIMEDOUT', 'ENOTCONN'])('%s may pass', async (code) => {
  let fails = false;
  const fs: CheckpointFs = {
    ...nodeFs,
    rename: (from, to) =>
      fails ? Promise.reject(Object.assign(new Error(`${code}: it failed`), { code })) : nodeFs.rename(from, to),
  };
  const store = await taken(fs);
  fails = true;
  await expect(store.save(checkpoint(2, { epoch: 1 }))).rejects.toMatchObject(FAILS);
  fails = false;
  await store.save(checkpoint(3, { epoch: 1 }));
  expect(await store.load()).toEqual(checkpoint(3, { epoch: 1 }));
  await store.close();
});
