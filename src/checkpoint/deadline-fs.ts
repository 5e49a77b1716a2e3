import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RelayError } from '../base/errors.ts';
import type { CheckpointFile, CheckpointFs } from './file-generations.ts';

/** A disk that answers nothing for so long hangs. A save is some ten calls, which take milliseconds. */
const DEADLINE_MS = 10_000;
/** While it hangs: enough to notice that it does not any more. */
const STILL_MS = 1000;

/**
 * A file system each of whose calls ends within 10 s, with CHECKPOINT_DISK_FAILS if need be.
 *
 * One call at a time: a call that hangs occupies one of the process's few threads for such work, and as long as it does
 * no other one begins, however often somebody tries again. A call that was given up before it began never begins.
 */
export class DeadlineFs implements CheckpointFs {
  readonly #fs: CheckpointFs;
  readonly #clock: Clock;
  readonly #folder: string;
  #last: Promise<unknown> = Promise.resolve();
  #given = 0;

  constructor(fs: CheckpointFs, clock: Clock, folder: string) {
    this.#fs = fs;
    this.#clock = clock;
    this.#folder = folder;
  }

  /** A call was given up, and has not ended yet. */
  get isHanging(): boolean {
    return this.#given > 0;
  }

  async open(path: string, flags: string, mode?: number): Promise<CheckpointFile> {
    const file = await this.#call(
      () => this.#fs.open(path, flags, mode),
      (late) => void late.close(),
    );
    return {
      writeFile: (text) => this.#call(() => file.writeFile(text)),
      sync: () => this.#call(() => file.sync()),
      // After a call that hangs, which may take for ever: nobody waits for it.
      close: () =>
        this.isHanging ? Promise.resolve(void this.#queue(() => file.close())) : this.#call(() => file.close()),
    };
  }

  readFile(path: string): Promise<Buffer> {
    return this.#call(() => this.#fs.readFile(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call(() => this.#fs.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.#call(() => this.#fs.unlink(path));
  }

  mkdir(path: string): Promise<unknown> {
    return this.#call(() => this.#fs.mkdir(path));
  }

  readdir(path: string): Promise<string[]> {
    return this.#call(() => this.#fs.readdir(path));
  }

  stat(path: string): Promise<{ readonly mtimeMs: number }> {
    return this.#call(() => this.#fs.stat(path));
  }

  utimes(path: string, accessed: Date, modified: Date): Promise<void> {
    return this.#call(() => this.#fs.utimes(path, accessed, modified));
  }

  async #call<T>(call: () => Promise<T>, late: (result: T) => void = () => undefined): Promise<T> {
    let state: 'waited for' | 'given up' = 'waited for';
    const isGivenUp = (): boolean => state === 'given up';
    const work = this.#queue(async () => {
      if (isGivenUp()) throw this.#hangs();
      const result = await call();
      if (isGivenUp()) late(result);
      return result;
    });
    return withDeadline(this.#clock, this.isHanging ? STILL_MS : DEADLINE_MS, work, () => {
      state = 'given up';
      this.#given += 1;
      const ended = (): void => void (this.#given -= 1);
      work.then(ended, ended);
      return this.#hangs();
    });
  }

  #queue<T>(call: () => Promise<T>): Promise<T> {
    const work = this.#last.then(call);
    this.#last = work.catch(() => undefined);
    return work;
  }

  #hangs(): RelayError {
    return new RelayError(
      'CHECKPOINT_DISK_FAILS',
      `the disk of the checkpoint folder ${this.#folder} did not answer within ${DEADLINE_MS / 1000} s`,
    );
  }
}
