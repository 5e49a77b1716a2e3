import { asRelayError, type RelayError } from '../../base/errors.ts';

/** What ends a run: the first failure; what comes after it is its consequence. */
export class FirstFailure {
  readonly #ended = new AbortController();
  readonly #onFailure: (error: RelayError) => void;
  #error: RelayError | undefined;

  /** `onFailure`: called once, before `signal` aborts. */
  constructor(onFailure: (error: RelayError) => void) {
    this.#onFailure = onFailure;
  }

  get error(): RelayError | undefined {
    return this.#error;
  }

  /** Aborted by the failure. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  readonly note = (thrown: unknown): void => {
    if (this.#error !== undefined) return;
    this.#error = asRelayError(thrown);
    this.#onFailure(this.#error);
    this.#ended.abort();
  };

  /** Does `work` unless something has failed before; whether it has succeeded. */
  guarded(work: () => void): boolean {
    if (this.#error !== undefined) return false;
    try {
      work();
      return true;
    } catch (error) {
      this.note(error);
      return false;
    }
  }
}
