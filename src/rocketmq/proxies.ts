/**
 * The proxies of one cluster, host:port each. The client takes exactly one: it is the one in use, until it fails and
 * the next one's turn comes.
 */
export class Proxies {
  readonly #all: readonly [string, ...string[]];
  #turn = 0;

  /** `all`: `first` alone unless given. */
  constructor(first: string, all: readonly string[] = [first]) {
    const [head = first, ...others] = all;
    this.#all = [head, ...others];
  }

  get count(): number {
    return this.#all.length;
  }

  /** The one in use. */
  get current(): string {
    return this.#all[this.#turn % this.#all.length] ?? this.#all[0];
  }

  turn(): void {
    this.#turn += 1;
  }

  /**
   * What `connect` gives with the one in use, or with the next ones while it fails for a reason that another may not
   * have. Each gets one try; throws what the last one did.
   */
  async untilOneWorks<T>(
    connect: (endpoint: string) => Promise<T>,
    mayWorkElsewhere: (thrown: unknown) => boolean,
  ): Promise<T> {
    for (let left = this.count; ; left -= 1) {
      try {
        return await connect(this.current);
      } catch (thrown) {
        if (!mayWorkElsewhere(thrown)) throw thrown;
        this.turn();
        if (left === 1) throw thrown;
      }
    }
  }
}
