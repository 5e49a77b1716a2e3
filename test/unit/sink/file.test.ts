import { chmod, mkdtemp, open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkFileSink } from '../../../src/sink/file-check.ts';
import { createFileSink } from '../../../src/sink/file.ts';
import type { Sink } from '../../../src/sink/sink.ts';
import { ManualClock, settled } from '../../support/sink/manual-clock.ts';
import { message } from '../../support/sink/messages.ts';

let folder = '';
let path = '';
let log: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-sink-'));
  path = join(folder, 'changes.jsonl');
  log = [];
});
afterEach(() => rm(folder, { recursive: true }));

function fileSink(openFile?: (path: string) => Promise<FileHandle>, clock = new ManualClock()): Sink {
  const logger = pino({ level: 'warn' }, { write: (line: string) => log.push(line) });
  return createFileSink({ path }, { clock, logger, ...(openFile !== undefined && { openFile }) });
}

const failure = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });
/** As the sink opens it, but for what `change` replaces. */
const opening =
  (change: (handle: FileHandle) => Partial<FileHandle>) =>
  async (file: string): Promise<FileHandle> => {
    const handle = await open(file, 'a+');
    return Object.assign(handle, change(handle));
  };
const line = (number: number): string => `${message('lane-0', number).body.toString()}\n`;

describe('at open, the end of the file', () => {
  test.each([
    ['nothing', '', ''],
    ['a complete line', line(1), line(1)],
    ['a cut line', `${line(1)}{"lane":"la`, line(1)],
    ['a cut first line', '{"la', ''],
    ['a cut line over many blocks', `${line(1)}{${'x'.repeat(200_000)}`, line(1)],
  ])('with %s', async (_, before, after) => {
    await writeFile(path, before);
    const sink = fileSink();
    await sink.open();
    expect(await readFile(path, 'utf8')).toBe(after);
    await sink.send(message('lane-0', 2));
    expect(await readFile(path, 'utf8')).toBe(after + line(2));
    expect(log).toHaveLength(before === after ? 0 : 1);
    await sink.close();
  });

  test('is not cut when it is not ours', async () => {
    await writeFile(path, 'a note without end');
    await expect(fileSink().open()).rejects.toMatchObject({ code: 'SINK_FILE' });
    expect(await readFile(path, 'utf8')).toBe('a note without end');
  });
});

describe('open refuses with SINK_FILE', () => {
  test('a folder that is missing', async () => {
    path = join(folder, 'missing', 'changes.jsonl');
    await expect(fileSink().open()).rejects.toMatchObject({ code: 'SINK_FILE', details: { reason: 'ENOENT' } });
  });

  test('something that is no file', async () => {
    path = '/dev/null';
    await expect(fileSink().open()).rejects.toMatchObject({ code: 'SINK_FILE' });
  });

  test.skipIf(process.getuid?.() === 0)('a folder that is read-only', async () => {
    await chmod(folder, 0o500);
    await expect(fileSink().open()).rejects.toMatchObject({ code: 'SINK_FILE', details: { reason: 'EACCES' } });
  });

  test.each(['EACCES', 'EROFS'])('%s', async (reason) => {
    const sink = fileSink(() => Promise.reject(failure(reason)));
    await expect(sink.open()).rejects.toMatchObject({ code: 'SINK_FILE', details: { reason }, retryable: false });
  });
});

describe('a check finds what open would refuse, and changes nothing', () => {
  test('a folder that is missing, or is none', async () => {
    for (const [where, reason] of [
      [join(folder, 'missing', 'changes.jsonl'), 'ENOENT'],
      ['/etc/passwd/changes.jsonl', 'ENOTDIR'],
    ] as const)
      await expect(checkFileSink(where)).rejects.toMatchObject({ code: 'SINK_FILE', details: { reason } });
  });

  test('something that is no file', async () => {
    await expect(checkFileSink(folder)).rejects.toMatchObject({ code: 'SINK_FILE' });
  });

  test('but not a file that is to be made, or that the relay is writing', async () => {
    expect(await checkFileSink(path)).toMatchObject({ destination: `file ${path}`, queues: 1 });
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(path, `${line(1)}{"la`);
    await checkFileSink(path);
    expect(await readFile(path, 'utf8')).toBe(`${line(1)}{"la`);
  });
});

describe('send', () => {
  test('acknowledges after fdatasync, and sends of the meantime share the next', async () => {
    const syncs: (() => void)[] = [];
    const sink = fileSink(
      opening((handle) => {
        const sync = handle.datasync.bind(handle);
        return { datasync: () => new Promise<void>((resolve) => syncs.push(resolve)).then(sync) };
      }),
    );
    await sink.open();
    let acknowledged = 0;
    const sends = [1, 2, 3, 4].map((number) =>
      sink.send(message('lane-0', number)).then(() => {
        acknowledged += 1;
      }),
    );
    await expect.poll(() => syncs.length).toBe(1);
    expect(acknowledged).toBe(0);
    syncs[0]?.();
    await sends[0];
    expect(acknowledged).toBe(1);
    await expect.poll(() => syncs.length).toBe(2);
    syncs[1]?.();
    await Promise.all(sends);
    expect(syncs).toHaveLength(2);
    expect(await readFile(path, 'utf8')).toBe([1, 2, 3, 4].map(line).join(''));
    await sink.close();
  });

  test.each([
    ['a full disk in mid-line', 'ENOSPC', 'SINK_DISK_FULL', true],
    ['a full quota', 'EDQUOT', 'SINK_DISK_FULL', true],
    ['a broken disk', 'EIO', 'SINK_FILE', false],
  ])('takes half a line back after %s', async (_, reason, code, retryable) => {
    let full = false;
    const sink = fileSink(
      opening((handle) => {
        const append = handle.appendFile.bind(handle);
        return {
          appendFile: async (data) => {
            if (!full) return append(data);
            await append(Buffer.from(data as Uint8Array).subarray(0, 7));
            throw failure(reason);
          },
        };
      }),
    );
    await sink.open();
    await sink.send(message('lane-0', 1));
    full = true;
    await expect(sink.send(message('lane-0', 2))).rejects.toMatchObject({ code, retryable });
    await expect(sink.send(message('lane-0', 2))).rejects.toMatchObject({ code });
    full = false;
    await sink.send(message('lane-0', 2));
    expect(await readFile(path, 'utf8')).toBe(line(1) + line(2));
    await sink.close();
  });

  test('writes again what a failed fdatasync leaves in doubt', async () => {
    let failing = true;
    const sink = fileSink(
      opening((handle) => {
        const sync = handle.datasync.bind(handle);
        return { datasync: () => (failing ? Promise.reject(failure('ENOSPC')) : sync()) };
      }),
    );
    await sink.open();
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_DISK_FULL' });
    failing = false;
    await sink.send(message('lane-0', 1));
    expect(await readFile(path, 'utf8')).toBe(line(1));
    await sink.close();
  });
});

test('close does not wait for ever for a disk that hangs, and rejects what is out', async () => {
  const clock = new ManualClock();
  let release: () => void = () => undefined;
  const sink = fileSink(
    opening(() => ({ datasync: () => new Promise<void>((resolve) => (release = resolve)) })),
    clock,
  );
  await sink.open();
  const sends = [1, 2].map((number) =>
    expect(sink.send(message('lane-0', number))).rejects.toMatchObject({ code: 'SINK_CLOSED' }),
  );
  const closing = sink.close();
  await settled();
  await clock.advance(4000);
  await closing;
  await Promise.all(sends);
  await expect.poll(() => release).not.toBeUndefined();
  release();
});
