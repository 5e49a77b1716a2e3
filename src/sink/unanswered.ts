/** Since when messages were sent and none was acknowledged: whether sends fail, or hang and do not even do that. */
export class Unanswered {
  #outstanding = 0;
  #sinceMs: number | undefined;

  /** Monotonic ms; undefined while nothing was sent since the last acknowledgement. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  sent(nowMs: number): void {
    this.#outstanding += 1;
    this.#sinceMs ??= nowMs;
  }

  acknowledged(nowMs: number): void {
    this.#outstanding -= 1;
    this.#sinceMs = this.#outstanding === 0 ? undefined : nowMs;
  }

  /** It is sent again, by whoever sent it. */
  failed(): void {
    this.#outstanding -= 1;
  }

  /** What there was to do about it was done: the time begins again. */
  beginAgain(nowMs: number): void {
    if (this.#sinceMs !== undefined) this.#sinceMs = nowMs;
  }
}
