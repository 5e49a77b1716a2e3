export interface HeldStreamOptions {
  /** At the end of a transaction whose rows are all taken, and nothing of the next one is read. */
  readonly isAtBoundary: () => boolean;
  /** A statement waits for the lanes: nothing may go into them. */
  readonly isBlocked: () => boolean;
  /** Nothing more may be read from now on; or may be again. Called when `isHeld` has changed. */
  readonly onHeld: () => void;
  readonly onReleased: () => void;
}

interface Job {
  readonly isDue: () => boolean;
  readonly begin: () => void;
  readonly refuse: (error: Error) => void;
}

/** Does work between two transactions of the stream, while nothing is read. One work at a time. */
export class HeldStream {
  isHeld = false;
  readonly #options: HeldStreamOptions;
  #job: Job | undefined;

  constructor(options: HeldStreamOptions) {
    this.#options = options;
  }

  /** To be called at every boundary of the stream. */
  boundary(): void {
    const job = this.#job;
    if (job === undefined || this.isHeld || this.#options.isBlocked() || !job.isDue()) return;
    this.#job = undefined;
    job.begin();
  }

  /** Gives what `work` gives, done at the next boundary that is due. */
  now<T>(work: () => T, isDue: () => boolean = () => true): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#wait({
        isDue,
        begin: () => {
          try {
            resolve(work());
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        },
        refuse: reject,
      });
    });
  }

  /** Gives what `work` gives, which begins at the first boundary that is due; the stream goes on when it has ended. */
  during<T>(isDue: () => boolean, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#wait({
        isDue,
        begin: () => {
          this.isHeld = true;
          this.#options.onHeld();
          work()
            .finally(() => {
              this.isHeld = false;
              this.#options.onReleased();
            })
            .then(resolve, reject);
        },
        refuse: reject,
      });
    });
  }

  /** What waits will never be done. */
  refuse(error: Error): void {
    const job = this.#job;
    this.#job = undefined;
    job?.refuse(error);
  }

  #wait(job: Job): void {
    this.#job = job;
    // An idle stream may be at its boundary for hours.
    if (this.#options.isAtBoundary()) this.boundary();
  }
}
