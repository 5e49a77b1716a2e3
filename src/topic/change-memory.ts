/**
 * Remembers the newest change ids of each lane. A run of the relay that follows another publishes again what the
 * checkpoint did not have yet, under other sequences: only its ids tell that. How much that is depends on how far the
 * lanes were apart when the run before ended; what is forgotten comes through again.
 */
export class ChangeMemory {
  readonly #limit: number;
  readonly #lanes = new Map<string, Set<string>>();
  /** Most of an id is the same for all changes of a table: its number here stands for it. */
  readonly #numbers = new Map<string, number>();

  /** `limit`: how many ids of each lane are remembered. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False for a change that came before. `id`: the whole change id, which is unique per table. */
  isNew(lane: string, database: string, table: string, id: string): boolean {
    const colon = id.lastIndexOf(':');
    const key = `${this.#numberOf(JSON.stringify([database, table, id.slice(0, colon)]))}${id.slice(colon)}`;
    let ids = this.#lanes.get(lane);
    if (ids === undefined) this.#lanes.set(lane, (ids = new Set()));
    if (ids.has(key)) return false;
    ids.add(key);
    if (ids.size > this.#limit) {
      const [oldest = key] = ids;
      ids.delete(oldest);
    }
    return true;
  }

  #numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }
}
