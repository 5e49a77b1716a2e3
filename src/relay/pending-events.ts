/** One event is taken at each step. `return` leaves out the rest. */
export type EventSteps = Generator<undefined, void, undefined>;

/** Events that one event brings with it, and that are not taken yet. They may bring others, which come before those behind them. */
export class PendingEvents {
  readonly #hasRoom: () => boolean;
  /** The last is to be gone on with first. */
  readonly #sequences: EventSteps[] = [];

  /** `hasRoom`: false when nothing more shall be taken for now. */
  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  get isEmpty(): boolean {
    return this.#sequences.length === 0;
  }

  /** `events` yields behind each event, also behind one that adds others. */
  add(events: EventSteps): void {
    this.#sequences.push(events);
  }

  /** Takes as many as there is room for. */
  takeUp(): void {
    let events: EventSteps | undefined;
    while ((events = this.#sequences.at(-1)) !== undefined && this.#hasRoom()) {
      if (events.next().done === true) this.#sequences.pop();
    }
  }

  /** Leaves all of them out. */
  drop(): void {
    for (const events of this.#sequences.splice(0).reverse()) events.return();
  }
}
