import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { fileSinkInfo } from './file-check.ts';
import { fileError, noRegularFile } from './file-errors.ts';
import { endOfLastLine } from './file-tail.ts';
import type { OutboundMessage, Sink, SinkInfo } from './sink.ts';

export interface FileSinkOptions {
  readonly path: string;
}

export interface FileSinkDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens for reading and appending, creating the file. Replaced in tests. */
  readonly openFile?: (path: string) => Promise<FileHandle>;
}

/**
 * Appends one line for each message, acknowledged when it is on the disk (fdatasync). Sends that come while one write
 * is under way share the next.
 */
export function createFileSink(options: FileSinkOptions, deps: FileSinkDeps): Sink {
  return new LineFile(options.path, deps);
}

interface Waiting {
  readonly body: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: RelayError) => void;
}

const NEWLINE = Buffer.from('\n');
const OPENING_BRACE = 0x7b;
const CLOSE_MS = 4000;

class LineFile implements Sink {
  readonly #path: string;
  readonly #deps: FileSinkDeps;
  #handle: FileHandle | undefined;
  /** Everything before this is on the disk and acknowledged; what lies after it is taken back before the next write. */
  #syncedBytes = 0;
  #dirty = false;
  #waiting: Waiting[] = [];
  #batch: readonly Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, deps: FileSinkDeps) {
    this.#path = path;
    this.#deps = deps;
  }

  async open(): Promise<SinkInfo> {
    const openFile = this.#deps.openFile ?? ((path: string) => open(path, 'a+', 0o640));
    let handle: FileHandle | undefined;
    try {
      handle = await openFile(this.#path);
      this.#syncedBytes = await this.#mend(handle);
      await syncFolderOf(this.#path);
      this.#handle = handle;
    } catch (thrown) {
      await handle?.close();
      throw fileError(this.#path, thrown);
    }
    return fileSinkInfo(this.#path);
  }

  send({ body }: OutboundMessage): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return Promise.reject(this.#closedError());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ body, resolve, reject });
      this.#writing ??= this.#drain(handle);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closedError());
    const end = async (): Promise<void> => {
      await this.#writing;
      await handle?.close();
    };
    // A disk that hangs cannot be hurried.
    const ended = new AbortController();
    await Promise.race([end().finally(() => ended.abort()), this.#deps.clock.sleep(CLOSE_MS, ended.signal)]);
    for (const { reject } of this.#batch) reject(this.#closedError());
  }

  async #drain(handle: FileHandle): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      this.#batch = batch;
      try {
        await this.#append(handle, Buffer.concat(batch.flatMap(({ body }) => [body, NEWLINE])));
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        const error = fileError(this.#path, thrown);
        for (const { reject } of batch) reject(error);
      }
    }
    // In the same turn as the last look at what waits: a send that comes now starts again.
    this.#writing = undefined;
  }

  async #append(handle: FileHandle, lines: Buffer): Promise<void> {
    if (this.#dirty) await handle.truncate(this.#syncedBytes);
    // After a failed write or sync nobody knows what of it is on the disk, and syncing again would not tell.
    this.#dirty = true;
    await handle.appendFile(lines);
    await handle.datasync();
    this.#syncedBytes += lines.length;
    this.#dirty = false;
  }

  /** Cuts an incomplete last line: it was never acknowledged, so it comes again. Returns the size. */
  async #mend(handle: FileHandle): Promise<number> {
    const stat = await handle.stat();
    if (!stat.isFile()) throw noRegularFile(this.#path);
    const keptBytes = await endOfLastLine(handle, stat.size);
    if (keptBytes === stat.size) return stat.size;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, keptBytes);
    if (buffer[0] !== OPENING_BRACE) {
      throw new RelayError('SINK_FILE', `${this.#path} does not end with a line of JSON: it is no file of the relay.`, {
        remedy: 'Give sink.path a file of its own.',
      });
    }
    await handle.truncate(keptBytes);
    await handle.datasync();
    this.#deps.logger.warn(
      { path: this.#path, removedBytes: stat.size - keptBytes },
      'cut an incomplete last line that a crash had left; it was never acknowledged and is published again',
    );
    return keptBytes;
  }

  #closedError(): RelayError {
    return new RelayError('SINK_CLOSED', `file ${this.#path} is not open.`);
  }
}

/** Makes the name of a new file as durable as its lines. */
async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
