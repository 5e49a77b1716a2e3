import * as nodeFs from 'node:fs/promises';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { RelayError } from '../../../src/base/errors.ts';
import type { CheckpointStore } from '../../../src/checkpoint/checkpoint.ts';
import { createFileCheckpointStore } from '../../../src/checkpoint/file.ts';
import type { CheckpointFs } from '../../../src/checkpoint/file-generations.ts';
import { checkpoint } from '../../support/checkpoints.ts';

let parent: string;
let folder: string;
let logged: string[];
const current = (): string => join(folder, 'checkpoint.json');
const previous = (): string => join(folder, 'checkpoint.previous.json');

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  folder = join(parent, 'own');
  logged = [];
});
afterEach(() => rm(parent, { recursive: true }));

/** A store as a new process would make it. */
function open(fs?: CheckpointFs): CheckpointStore {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged.push(chunk.toString());
      done();
    },
  });
  return createFileCheckpointStore(
    { folder },
    { logger: pino(stream), clock: systemClock, ...(fs !== undefined && { fs }) },
  );
}

async function errorOf(promise: Promise<unknown>): Promise<RelayError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RelayError) return error;
  throw new Error('expected a RelayError');
}

/** Counts what changes the disk, and fails from the given operation on, as if the process had ended there. */
function dyingFs(operations: number): CheckpointFs {
  let left = operations;
  const step = <T>(work: () => Promise<T>): Promise<T> => {
    left -= 1;
    return left < 0 ? Promise.reject(new Error('killed')) : work();
  };
  return {
    readFile: nodeFs.readFile,
    readdir: nodeFs.readdir,
    stat: nodeFs.stat,
    utimes: nodeFs.utimes,
    mkdir: (path) => step(() => nodeFs.mkdir(path)),
    unlink: (path) => step(() => nodeFs.unlink(path)),
    rename: (from, to) => step(() => nodeFs.rename(from, to)),
    open: async (path, flags, mode) => {
      const file = await step(() => nodeFs.open(path, flags, mode));
      return {
        // A write may end half-way.
        writeFile: async (text) => {
          await file.writeFile(String(text).slice(0, 100));
          await step(() => file.truncate(0));
          await file.write(String(text), 0);
        },
        sync: () => step(() => file.sync()),
        close: () => file.close(),
      };
    },
  };
}

function failingFs(operation: 'open' | 'rename' | 'mkdir' | 'readFile', code: string): CheckpointFs {
  const fail = (): Promise<never> => Promise.reject(Object.assign(new Error(`${code}: refused`), { code }));
  return { ...nodeFs, [operation]: fail };
}

describe('two generations', () => {
  it('are the last save and the one before', async () => {
    const store = open();
    for (const n of [1, 2, 3]) await store.save(checkpoint(n));
    expect((await readdir(folder)).sort()).toEqual(['checkpoint.json', 'checkpoint.previous.json']);
    expect(await open().load()).toEqual(checkpoint(3));
    await rm(current());
    expect(await open().load()).toEqual(checkpoint(2, { epoch: 8 }));
  });

  it('are written, synced and renamed in the order that survives a power cut', async () => {
    await open().save(checkpoint(1));
    const store = open();
    await store.load();
    const steps: string[] = [];
    const name = (path: string): string => path.slice(folder.length + 1) || 'folder';
    const recording: CheckpointFs = {
      ...nodeFs,
      mkdir: () => Promise.reject(Object.assign(new Error('there'), { code: 'EEXIST' })),
      rename: (from, to) => {
        steps.push(`rename ${name(from)} ${name(to)}`);
        return nodeFs.rename(from, to);
      },
      open: async (path, flags) => {
        const file = await nodeFs.open(path, flags);
        return {
          writeFile: (text) => {
            steps.push(`write ${name(path)}`);
            return file.writeFile(String(text));
          },
          sync: () => {
            steps.push(`sync ${name(path)}`);
            return file.sync();
          },
          close: () => file.close(),
        };
      },
    };
    await open(recording).save(checkpoint(2));
    expect(steps).toEqual([
      'write checkpoint.json.tmp',
      'sync checkpoint.json.tmp',
      'rename checkpoint.json checkpoint.previous.json',
      'rename checkpoint.json.tmp checkpoint.json',
      'sync folder',
    ]);
  });
});

describe('a crash', () => {
  it('at any step of any save leaves the last checkpoint saved, or the one that was being saved', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 14 }), { maxLength: 12 }), async (crashes) => {
        await rm(folder, { recursive: true, force: true });
        let saved = 0;
        let lastEpoch = 0;
        for (const operations of [...crashes, 1000]) {
          const store = open(dyingFs(operations));
          let tried = saved;
          try {
            const loaded = await store.load();
            const epoch = (loaded?.epoch ?? 0) + 1;
            expect(epoch).toBeGreaterThan(lastEpoch);
            for (let n = 0; n < 3; n += 1) {
              tried = saved + 1;
              await store.save(checkpoint(tried, { epoch }));
              saved = tried;
              lastEpoch = epoch;
            }
          } catch (error) {
            if (!(error instanceof RelayError)) throw error;
            expect(error.message).toMatch(/killed/);
          }
          const recovered = await open().load();
          if (saved === 0 && recovered === undefined) continue;
          expect([saved, tried].map((n) => checkpoint(n).gtidSet)).toContain(recovered?.gtidSet);
          saved = recovered?.gtidSet === checkpoint(tried).gtidSet ? tried : saved;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('between the two renames is recovered from, and said without alarm', async () => {
    const store = open();
    await store.save(checkpoint(1));
    await store.save(checkpoint(2));
    await rm(current());
    await writeFile(join(folder, 'checkpoint.json.tmp'), 'half');
    expect(await open().load()).toEqual({ ...checkpoint(1), epoch: checkpoint(1).epoch + 1 });
    expect(logged.join()).toMatch(/"level":30.*in the middle of storing/);
    await open().save(checkpoint(3));
    expect((await readdir(folder)).sort()).toEqual(['checkpoint.json', 'checkpoint.previous.json']);
  });
});

describe('damage', () => {
  beforeEach(async () => {
    const store = open();
    await store.save(checkpoint(1));
    await store.save(checkpoint(2));
  });

  it('of the newest, cut or flipped at any byte, gives the newest or the previous, never another', async () => {
    const sound = await readFile(current());
    const fallback = { ...checkpoint(1), epoch: checkpoint(1).epoch + 1 };
    for (let at = 0; at < sound.length; at += 1) {
      const flipped = Buffer.from(sound);
      flipped.writeUInt8(flipped.readUInt8(at) ^ 0x10, at);
      for (const damaged of [sound.subarray(0, at), flipped]) {
        await writeFile(current(), damaged);
        const loaded = await open().load();
        expect([checkpoint(2), fallback]).toContainEqual(loaded);
      }
    }
    expect(logged.length).toBeGreaterThan(sound.length);
  });

  it('is warned of with the file and the reason', async () => {
    await writeFile(current(), 'x');
    await open().load();
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged.join(''))).toMatchObject({
      level: 40,
      file: current(),
      instead: previous(),
      problem: 'its 1 bytes are not JSON: it was cut or damaged',
    });
  });

  it('of the newest never gives an epoch out twice, even when it happens again at once', async () => {
    const epochs: number[] = [];
    for (let run = 0; run < 3; run += 1) {
      await writeFile(current(), 'x');
      const store = open();
      const epoch = ((await store.load())?.epoch ?? 0) + 1;
      epochs.push(epoch);
      await store.save(checkpoint(3, { epoch }));
    }
    expect(new Set(epochs).size).toBe(3);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    // checkpoint(2) was of epoch 7, and that of a lost run may have been 8.
    expect(epochs[0]).toBeGreaterThan(8);
  });

  it('of the newest leaves the previous in place until the next save is safe', async () => {
    await writeFile(current(), 'x');
    for (let operations = 0; operations < 10; operations += 1) {
      const store = open(dyingFs(operations));
      await store.load();
      await store.save(checkpoint(3)).catch(() => undefined);
      expect(await open().load()).toBeDefined();
    }
  });

  it('of both refuses, naming both', async () => {
    await writeFile(current(), '');
    await writeFile(previous(), '{"some":"thing"}');
    const error = await errorOf(open().load());
    expect(error.code).toBe('CHECKPOINT_DAMAGED');
    expect(error.message).toContain(`${current()}: it is empty`);
    expect(error.message).toContain(`${previous()}: it is JSON, but not a binlog-relay checkpoint`);
    expect(await readFile(previous(), 'utf8')).toBe('{"some":"thing"}');
  });

  it('by the disk itself counts as damage', async () => {
    const fs: CheckpointFs = {
      ...nodeFs,
      readFile: (path) =>
        path === current() ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })) : nodeFs.readFile(path),
    };
    expect((await open(fs).load())?.gtidSet).toBe(checkpoint(1).gtidSet);
  });
});

describe('a folder that cannot be used', () => {
  it('has no parent', async () => {
    folder = join(parent, 'no', 'such');
    const error = await errorOf(open().save(checkpoint(1)));
    expect(error.code).toBe('CHECKPOINT_NOT_WRITABLE');
    expect(error.remedy).toBe(`Create it: mkdir -p ${folder}`);
  });

  it('is a file', async () => {
    await writeFile(folder, '');
    for (const attempt of [open().load(), open().save(checkpoint(1))]) {
      const error = await errorOf(attempt);
      expect(error.code).toBe('CHECKPOINT_NOT_WRITABLE');
      expect(error.message).toMatch(/is a file and not a folder/);
    }
  });

  it.each([
    ['open', 'EROFS', 'CHECKPOINT_NOT_WRITABLE', /read-only/],
    ['open', 'EACCES', 'CHECKPOINT_NOT_WRITABLE', /may not read and write/],
    ['mkdir', 'EACCES', 'CHECKPOINT_NOT_WRITABLE', /may not read and write/],
    ['rename', 'EBUSY', 'CHECKPOINT_NOT_WRITABLE', /EBUSY/],
    ['open', 'ENOSPC', 'CHECKPOINT_DISK_FULL', /no room/],
    ['open', 'EDQUOT', 'CHECKPOINT_DISK_FULL', /no room/],
  ] as const)('%s fails with %s', async (operation, code, expected, message) => {
    const error = await errorOf(open(failingFs(operation, code)).save(checkpoint(1)));
    expect(error.code).toBe(expected);
    expect(error.message).toMatch(message);
    expect(error.retryable).toBe(expected === 'CHECKPOINT_DISK_FULL');
  });

  it('may not be read', async () => {
    const error = await errorOf(open(failingFs('readFile', 'EACCES')).load());
    expect(error.code).toBe('CHECKPOINT_NOT_WRITABLE');
  });

  it('keeps the last checkpoint while the disk is full, and takes the next one after', async () => {
    await open().save(checkpoint(1));
    const store = open(failingFs('open', 'ENOSPC'));
    await errorOf(store.save(checkpoint(2)));
    expect(await open().load()).toEqual(checkpoint(1));
    await open().save(checkpoint(3));
    expect(await open().load()).toEqual(checkpoint(3));
  });
});

describe('a look at a folder that a relay works on', () => {
  it('is not misled by a relay that is between its two renames', async () => {
    const store = open();
    await store.save(checkpoint(1));
    await store.save(checkpoint(2));
    await nodeFs.rename(current(), join(folder, 'aside'));
    const fs: CheckpointFs = {
      ...nodeFs,
      readFile: async (path) => {
        if (path === previous()) await nodeFs.rename(join(folder, 'aside'), current());
        return nodeFs.readFile(path);
      },
    };
    expect(await open(fs).load()).toEqual(checkpoint(2));
  });

  it('changes nothing, not even what a crash left', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'checkpoint.json.tmp'), 'half');
    await writeFile(current(), 'x');
    expect((await errorOf(open().load())).code).toBe('CHECKPOINT_DAMAGED');
    expect((await readdir(folder)).sort()).toEqual(['checkpoint.json', 'checkpoint.json.tmp']);
  });
});
