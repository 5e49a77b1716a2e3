import { addInterval, holdsInterval, removeInterval, type Interval } from './gtid-intervals.ts';
import { parseGtidSet } from './gtid-set-text.ts';

/**
 * A set of transactions. A source is `uuid` or `uuid:tag` in lower case, as GtidRecord.source gives it; a number (gno)
 * is 1 to 2^63-2. Mutable; `clone` before sharing.
 */
export class GtidSet {
  readonly #sources = new Map<string, Interval[]>();
  /** The source of the transaction before: nearly always that of the next one. */
  #newestSource = '';
  #newest: Interval[] = [];

  /**
   * Reads what @@gtid_executed and its like print: `uuid[:tag]:1-5:7`, further tags of the uuid after, several uuids
   * separated by commas, white space anywhere between. Throws GTID_SET_INVALID, naming the part that is wrong.
   */
  static parse(text: string): GtidSet {
    const set = new GtidSet();
    parseGtidSet(text, (source, first, last) => set.addRange(source, first, last));
    return set;
  }

  /** The common case, the number after the source's newest, is one comparison and one addition. */
  add(source: string, gno: bigint): void {
    this.addRange(source, gno, gno);
  }

  /** Adds `first` to `last`, both included. */
  addRange(source: string, first: bigint, last: bigint): void {
    if (source !== this.#newestSource) {
      this.#newest = this.#intervals(source);
      this.#newestSource = source;
    }
    addInterval(this.#newest, first, last);
  }

  hasGtid(source: string, gno: bigint): boolean {
    return holdsInterval(this.#sources.get(source) ?? [], gno, gno);
  }

  /** True when there is any transaction of the server, with a tag or without. */
  hasSource(uuid: string): boolean {
    return [...this.#sources.keys()].some((source) => source.startsWith(uuid));
  }

  /** True when every transaction of `other` is in this set. */
  contains(other: GtidSet): boolean {
    for (const [source, intervals] of other.#sources) {
      const own = this.#sources.get(source) ?? [];
      if (!intervals.every(({ first, last }) => holdsInterval(own, first, last))) return false;
    }
    return true;
  }

  /** Adds every transaction of `other` to this set. */
  union(other: GtidSet): void {
    if (other === this) return;
    for (const [source, intervals] of other.#sources) {
      const own = this.#intervals(source);
      for (const { first, last } of intervals) addInterval(own, first, last);
    }
  }

  /** Takes every transaction of `other` out of this set. */
  subtract(other: GtidSet): void {
    const gone = other === this ? other.clone() : other;
    for (const [source, intervals] of gone.#sources) {
      const own = this.#sources.get(source);
      if (own === undefined) continue;
      for (const { first, last } of intervals) removeInterval(own, first, last);
      if (own.length === 0) this.#forget(source);
    }
  }

  isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  /** Every source with its intervals in ascending order, the sources as MySQL sorts them. Not a copy. */
  entries(): readonly (readonly [source: string, intervals: readonly Readonly<Interval>[]])[] {
    return [...this.#sources].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  clone(): GtidSet {
    const copy = new GtidSet();
    for (const [source, intervals] of this.#sources) {
      copy.#sources.set(
        source,
        intervals.map(({ first, last }) => ({ first, last })),
      );
    }
    return copy;
  }

  /** Equal sets give equal text: MySQL's own, but with ',' where MySQL prints ',' and a line feed. */
  toString(): string {
    const byUuid = new Map<string, string>();
    for (const source of [...this.#sources.keys()].sort()) {
      const uuid = source.slice(0, UUID_CHARACTERS);
      const before = byUuid.get(uuid) ?? uuid;
      byUuid.set(uuid, before + source.slice(UUID_CHARACTERS) + intervalsText(this.#intervals(source)));
    }
    return [...byUuid.values()].join(',');
  }

  #intervals(source: string): Interval[] {
    const known = this.#sources.get(source);
    if (known !== undefined) return known;
    const added: Interval[] = [];
    this.#sources.set(source, added);
    return added;
  }

  #forget(source: string): void {
    this.#sources.delete(source);
    this.#newestSource = '';
    this.#newest = [];
  }
}

const UUID_CHARACTERS = 36;

function intervalsText(intervals: readonly Interval[]): string {
  return intervals.map(({ first, last }) => (first === last ? `:${first}` : `:${first}-${last}`)).join('');
}
