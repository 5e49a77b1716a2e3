/** A promise that is settled from outside; the first settlement counts. Nobody has to wait for a rejected one. */
export class Deferred {
  readonly promise: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(() => undefined);
  }

  /** Rejects with `error`, or resolves without one. */
  settle(error?: Error): void {
    if (error === undefined) this.#resolve();
    else this.#reject(error);
  }
}
