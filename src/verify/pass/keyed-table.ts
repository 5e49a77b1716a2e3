import { isAborted } from '../../base/retry.ts';
import type { HexKey } from '../../mysql/key-range.ts';
import { areEqual, EVERYTHING, keyId, keyIn, selectBound, type KeyRange, type Sums } from '../tables/queries.ts';
import type { Difference, UndecidedRow, UndecidedWhy } from '../verify.ts';
import { Candidate, type RowHash, type Verdict } from './candidates.ts';
import { ChunkRows } from './chunk-rows.ts';
import { describeDifference, shownKey } from './difference.ts';
import { Looks, type LookedAt } from './looks.ts';
import { rowsOf, sumsOf, type KeyedRow } from './reads.ts';
import type { TableOptions } from './table-options.ts';
import type { Compared, TablePlace } from './table-place.ts';
import { unfoundAmong } from './unfound.ts';

interface Chunk extends KeyRange {
  readonly rowsBefore: number;
  readonly sums: Sums;
}

const WINDOW_MS = 2_000;
const WINDOW_CHUNKS = 64;
/** With so many rows to be looked at again, no more chunks are read. */
const MAX_OPEN = 5_000;
/** Between looks at rows, at random, so that they do not keep step with whoever changes the rows. */
const PAUSE_MS = { least: 150, most: 1_000 };

/** Compares a table with a key, chunk by chunk, and rows that differ again and again until they are decided. */
export class KeyedTable {
  readonly #options: TableOptions;
  readonly #size: ChunkRows;
  readonly #open = new Map<string, Candidate>();
  /** Rows that changed all the time; looked at once more in the end. */
  #undecided: Candidate[] = [];
  /** Rows that no further look can decide. */
  readonly #unclear = new Map<string, { readonly candidate: Candidate; readonly why: UndecidedWhy }>();
  readonly #differences: Difference[];
  #after: HexKey | undefined;
  #rows: number;
  #isAtEnd = false;

  constructor(options: TableOptions, place: TablePlace) {
    this.#options = options;
    this.#size = new ChunkRows(options.chunkMs);
    this.#after = place.after;
    this.#rows = place.rows;
    this.#differences = [...place.differences];
  }

  async run(): Promise<Compared> {
    let isLastLook = false;
    this.#tell();
    for (;;) {
      await this.#window();
      if (isAborted(this.#options.stop) || this.#isCut) break;
      if (this.#open.size > 0 || !this.#isAtEnd) continue;
      if (isLastLook || this.#undecided.length === 0) break;
      isLastLook = true;
      for (const { key, from } of this.#undecided.splice(0)) this.#add(key, from);
    }
    return {
      rows: this.#rows,
      differences: this.#differences,
      different: this.#differences.length,
      isCut: this.#isCut,
      undecided: this.#undecided.length + this.#open.size + this.#unclear.size,
      undecidedRows: this.#undecidedRows(),
      reason: '',
    };
  }

  get #isCut(): boolean {
    return this.#differences.length + this.#unclear.size >= this.#options.maxDifferences;
  }

  async #window(): Promise<void> {
    const { pace, clock, random, stop } = this.#options;
    await pace.wait();
    const isFull = this.#open.size > MAX_OPEN;
    const chunks = this.#isAtEnd || isFull ? [] : await pace.working(() => this.#readChunks());
    if (chunks.length === 0) await clock.sleep(PAUSE_MS.least + random() * (PAUSE_MS.most - PAUSE_MS.least), stop);
    const looks = new Looks(this.#options, [...this.#open.values()]);
    const found = await looks.take((target) =>
      pace.working(async () => {
        const sums: Sums[] = [];
        for (const chunk of chunks) sums.push(await sumsOf(target, this.#options.pair.target, chunk));
        return sums;
      }),
    );
    if (found === undefined) return;
    await this.#judge(looks);
    await this.#collect(chunks, found);
    await this.#options.onPlace(this.#place());
    this.#tell();
  }

  async #readChunks(): Promise<readonly Chunk[]> {
    const { pair, ends, clock, stop } = this.#options;
    const source = await ends.source();
    const begunMs = clock.monotonic();
    const chunks: Chunk[] = [];
    while (!this.#isAtEnd && chunks.length < WINDOW_CHUNKS && clock.monotonic() - begunMs < WINDOW_MS) {
      if (isAborted(stop)) break;
      const chunkMs = clock.monotonic();
      const after = this.#after;
      const [bound] = pair.isInOneOrder ? await source.query(selectBound(pair.source, after, this.#size.rows)) : [];
      const range = pair.isInOneOrder ? { after, upTo: bound && keyIn(bound, pair.source) } : EVERYTHING;
      const sums = await sumsOf(source, pair.source, range);
      chunks.push({ ...range, sums, rowsBefore: this.#rows });
      this.#size.took(sums.rows, clock.monotonic() - chunkMs);
      this.#rows += sums.rows;
      this.#after = range.upTo;
      this.#isAtEnd = range.upTo === undefined;
      this.#tell();
    }
    return chunks;
  }

  /** Of chunks that differ, the rows that do so are to be looked at. */
  async #collect(chunks: readonly Chunk[], target: readonly Sums[]): Promise<void> {
    const { pace } = this.#options;
    for (const [i, chunk] of chunks.entries()) {
      const sums = target[i];
      if (sums !== undefined && areEqual(chunk.sums, sums)) continue;
      if (this.#open.size > MAX_OPEN) {
        // This one and what follows is read again when these are decided.
        this.#after = chunk.after;
        this.#rows = chunk.rowsBefore;
        this.#isAtEnd = false;
        return;
      }
      await pace.working(() => this.#collectRows(chunk));
    }
  }

  async #collectRows(chunk: Chunk): Promise<void> {
    const { pair, ends } = this.#options;
    const source = await rowsOf(await ends.source(), pair.source, chunk);
    const target = await rowsOf(await ends.target(), pair.target, chunk);
    const from = { after: chunk.after, upTo: chunk.upTo, rows: chunk.rowsBefore };
    for (const { key, hasOthersAlike } of [...source.values(), ...target.values()])
      if (hasOthersAlike) this.#giveUp(new Candidate(key, from, this.#options.rules), 'alike');
    const isSame = (row: KeyedRow, others: ReadonlyMap<string, KeyedRow>): boolean =>
      others.get(keyId(row.key))?.hash === row.hash;
    for (const row of source.values()) if (!isSame(row, target)) this.#add(row.key, from);
    if (this.#options.rules.allowsExtra) return;
    for (const row of target.values()) if (!source.has(keyId(row.key))) this.#add(row.key, from);
  }

  #add(key: HexKey, from: Candidate['from']): void {
    if (this.#unclear.has(keyId(key))) return;
    this.#open.set(keyId(key), new Candidate(key, from, this.#options.rules));
  }

  #giveUp(candidate: Candidate, why: UndecidedWhy): void {
    this.#unclear.set(keyId(candidate.key), { candidate, why });
  }

  async #judge(looks: Looks): Promise<void> {
    const decided: { readonly looked: LookedAt; readonly verdict: Verdict }[] = [];
    for (const looked of looks.all()) {
      const { candidate, look } = looked;
      const verdict = candidate.take(look);
      if (verdict.is === 'open') continue;
      if (verdict.is === 'undecided') this.#undecided.push(candidate);
      else decided.push({ looked, verdict });
      this.#open.delete(keyId(candidate.key));
    }
    const unfound = await this.#options.pace.working(() =>
      unfoundAmong(
        this.#options,
        decided.map(({ looked }) => looked),
      ),
    );
    for (const { looked, verdict } of decided) {
      const { candidate } = looked;
      if (unfound.has(candidate)) this.#giveUp(candidate, 'unfound');
      else if (verdict.is === 'different' && !this.#isCut)
        this.#differences.push(await this.#describe(candidate, verdict.source, verdict.target));
    }
  }

  #describe({ key }: Candidate, source: RowHash, target: RowHash): Promise<Difference> {
    const kind = target === undefined ? 'missing' : source === undefined ? 'extra' : 'changed';
    return describeDifference(this.#options, key, kind);
  }

  /** Before the first row that is not decided. */
  #place(): TablePlace {
    const first = this.#notEqual().reduce<Pick<TablePlace, 'after' | 'rows'>>(
      (least, { candidate: { from } }) => (from.rows < least.rows ? from : least),
      { after: this.#after, rows: this.#rows },
    );
    return { after: first.after, rows: first.rows, differences: this.#differences };
  }

  #notEqual(): readonly { readonly candidate: Candidate; readonly why: UndecidedWhy }[] {
    const moving = [...this.#open.values(), ...this.#undecided];
    return [...this.#unclear.values(), ...moving.map((candidate) => ({ candidate, why: 'moving' as const }))];
  }

  #undecidedRows(): readonly UndecidedRow[] {
    return this.#notEqual()
      .slice(0, this.#options.maxDifferences)
      .map(({ candidate: { key }, why }) => ({ shown: shownKey(this.#options.pair.source.key, key), why }));
  }

  #tell(): void {
    const open = this.#open.size + this.#undecided.length + this.#unclear.size;
    this.#options.onProgress({ rows: this.#rows, open, different: this.#differences.length });
  }
}
