import { newRowChange } from '../../change/change.ts';
import type { RowTaker } from '../tables/row-reader.ts';
import type { TablePlan } from '../tables/table-plan.ts';
import { SELECTED } from '../tables/value-form.ts';
import { ExactKey } from './exact-key.ts';

/** Which chunk the rows are of, as their change ids say: `<source>:<number>#<n>`. */
export interface ChunkIdentity {
  readonly source: string;
  readonly number: string;
  /** When it was read, ms since 1970. */
  readonly readMs: number;
}

export interface CopiedRowsOptions {
  readonly plan: TablePlan;
  readonly taker: Pick<RowTaker, 'add'>;
  /** Resolves when more may be held, and other work was done meanwhile. */
  readonly turn: () => Promise<void>;
  /** So much of a chunk is given between two turns. */
  readonly turnBytes: number;
}

/** Gives the rows of chunks to the lanes, each as the insert of it. */
export class CopiedRows {
  readonly #options: CopiedRowsOptions;
  readonly #key: ExactKey;
  readonly #change = newRowChange();

  constructor(options: CopiedRowsOptions) {
    this.#options = options;
    this.#key = new ExactKey(options.plan.table, SELECTED);
  }

  /** Exact keys of all rows of the chunk. */
  keysOf(images: Buffer): ReadonlySet<string> {
    const keys = new Set<string>();
    for (let p = 0; p < images.length; p = this.#options.plan.imageEnd(images, p)) keys.add(this.#key.read(images, p));
    return keys;
  }

  /** Whether a row of the chunk has one of the keys. */
  hasOneOf(keys: ReadonlySet<string>, images: Buffer): boolean {
    if (keys.size === 0) return false;
    for (let p = 0; p < images.length; p = this.#options.plan.imageEnd(images, p))
      if (keys.has(this.#key.read(images, p))) return true;
    return false;
  }

  /**
   * Gives all rows of the chunk whose key is not in `dirty`, and returns how many. Throws what makes it impossible to
   * publish a row.
   */
  async give(images: Buffer, { source, number, readMs }: ChunkIdentity, dirty: ReadonlySet<string>): Promise<number> {
    const { plan, taker, turn, turnBytes } = this.#options;
    const change = this.#change;
    const { transaction } = change;
    transaction.source = source;
    transaction.number = number;
    transaction.commitTimeMs = readMs;
    change.serial += 1;
    change.image = images;
    const messageClass = plan.classes.insert(source);
    let given = 0;
    let turnEnds = turnBytes;
    await turn();
    for (let p = 0; p < images.length;) {
      const end = plan.imageEnd(images, p);
      if (dirty.size === 0 || !dirty.has(this.#key.read(images, p))) {
        change.before = p;
        change.start = p;
        change.end = end;
        change.n = given;
        plan.key.read(images, p, change.row);
        taker.add(messageClass, change, undefined);
        given += 1;
      }
      p = end;
      if (p < turnEnds) continue;
      turnEnds = p + turnBytes;
      await turn();
    }
    return given;
  }
}
