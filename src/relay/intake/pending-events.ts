/** One event is taken at each step, which gives its size. `return` leaves out the rest. */
export type EventSteps = Generator<number, void, undefined>;

/** What one call of `takeUp` takes at most, and the event that goes beyond: some ten milliseconds of work. */
const TURN_BYTES = 1 << 20;

/**
 * Events that one event brings with it, and that are not taken yet: those inside a compressed one, and those of a
 * transaction that has ended.
 */
export class PendingEvents {
  readonly #hasRoom: () => boolean;
  #unpacked: EventSteps | undefined;
  #ended: EventSteps | undefined;

  /** `hasRoom`: false when nothing more shall be taken for now. */
  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  get isEmpty(): boolean {
    return this.#unpacked === undefined && this.#ended === undefined;
  }

  /** Those of a compressed event. They may end their transaction. */
  unpack(events: EventSteps): void {
    this.#unpacked = events;
  }

  /** Those of a transaction whose end was read: nothing else is taken before them. */
  end(events: EventSteps): void {
    this.#ended = events;
  }

  /** Takes as many as there is room for, but not more than one turn of the event loop should. */
  takeUp(): void {
    let left = TURN_BYTES;
    while (left > 0 && this.#hasRoom()) {
      const events = this.#ended ?? this.#unpacked;
      if (events === undefined) return;
      const { done, value } = events.next();
      if (done !== true) left -= value;
      else if (events === this.#ended) this.#ended = undefined;
      else this.#unpacked = undefined;
    }
  }

  /**
   * The connection was lost. A transaction whose end was read is taken all the same: the next session begins after it.
   */
  cut(): void {
    this.#unpacked?.return();
    this.#unpacked = undefined;
  }

  /** Leaves all of them out. */
  drop(): void {
    this.cut();
    this.#ended?.return();
    this.#ended = undefined;
  }
}
