/** Messages that the broker has stored behind one of a higher epoch in their lane: readers drop them. */
export interface StoredMessage {
  /** With its stream: a topic may have several. */
  readonly lane: string;
  readonly epoch: number;
  /** Of the broker: all messages of a lane are in one. */
  readonly queue: number;
  readonly offset: bigint;
}

export class LateMessages {
  /** By lane: where each epoch begins. */
  readonly #begins = new Map<string, Map<number, bigint>>();
  /** Each once, however often the broker gives it. */
  readonly #places = new Set<string>();

  get count(): number {
    return this.#places.size;
  }

  /** In the order of deliveries, repeats too. */
  see({ lane, epoch, queue, offset }: StoredMessage): void {
    const begins = this.#begins.get(lane) ?? new Map<number, bigint>();
    this.#begins.set(lane, begins);
    const begin = begins.get(epoch);
    if (begin === undefined || offset < begin) begins.set(epoch, offset);
    if ([...begins].some(([later, first]) => later > epoch && first < offset)) this.#places.add(`${queue} ${offset}`);
  }
}
