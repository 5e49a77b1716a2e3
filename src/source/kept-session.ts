import type { ControlSession } from './control-session.ts';

/** A session that is made when it is needed, and again after it was lost. */
export class KeptSession {
  readonly #open: (onLost: () => void) => Promise<ControlSession>;
  readonly #onLost: () => void;
  #session: Promise<ControlSession> | undefined;

  /** `onLost`: the session that is kept was lost; called after `current` has forgotten it. */
  constructor(open: (onLost: () => void) => Promise<ControlSession>, onLost: () => void = () => undefined) {
    this.#open = open;
    this.#onLost = onLost;
  }

  /** It is there, or just being made, as far as one knows. */
  get isKept(): boolean {
    return this.#session !== undefined;
  }

  get(): Promise<ControlSession> {
    if (this.#session !== undefined) return this.#session;
    const opening: Promise<ControlSession> = this.#open(() => {
      if (this.#session !== opening) return;
      this.#session = undefined;
      this.#onLost();
    });
    this.#session = opening;
    opening.catch(() => {
      if (this.#session === opening) this.#session = undefined;
    });
    return opening;
  }

  /** The one that is there, which is not kept any more; undefined when there is none, or it could not be made. */
  async release(): Promise<ControlSession | undefined> {
    const session = this.#session;
    this.#session = undefined;
    return session?.catch(() => undefined);
  }
}
