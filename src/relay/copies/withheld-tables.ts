import type { Copy } from '../../checkpoint/checkpoint.ts';
import type { TableName } from '../../source/source.ts';
import { askedBy, isSameTable, type CopyList } from './copy-list.ts';

/**
 * Tables of which the stream publishes nothing: those that an exact copy is still to bring, and that were not published
 * by it up to the place where the stream is. What is withheld before that place is in the rows of the copy.
 *
 * It follows from the list of copies alone, which is in the checkpoint: what was withheld before a crash is withheld
 * again, or lies before a copy whose rows are all acknowledged.
 */
export class WithheldTables {
  readonly #list: CopyList;
  /** Tables whose rows an exact copy has given to the lanes, before the list says so. */
  readonly #given = new Map<string, TableName>();
  #version = -1;
  #exact: readonly Copy[] = [];
  /** What was found out since the list has changed, by `database\0table`. */
  readonly #known = new Map<string, boolean>();

  constructor(list: CopyList) {
    this.#list = list;
  }

  /** Whether nothing of the table is to be published now. Remembers that something was asked to be. */
  withholds(name: TableName): boolean {
    if (this.#version !== this.#list.version) this.#look();
    const key = `${name.database}\0${name.table}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const isWithheld = this.#exact.filter((copy) => this.#isWithheldBy(copy, name)).length > 0;
    this.#known.set(key, isWithheld);
    return isWithheld;
  }

  /** Nothing is withheld at all. */
  get isEmpty(): boolean {
    if (this.#version !== this.#list.version) this.#look();
    return this.#exact.length === 0;
  }

  /** The rows of the table are in the lanes: what comes from here on is published. */
  given(copy: string, name: TableName): void {
    this.#given.set(copy, name);
    this.#known.clear();
  }

  /** Its copy begins anew. */
  begins(copy: string): void {
    this.#given.delete(copy);
    this.#known.clear();
  }

  #isWithheldBy(copy: Copy, name: TableName): boolean {
    const { id, tables, withheld = [] } = copy;
    if (tables === undefined) {
      if (!askedBy(copy).includes(name.database, name.table)) return false;
      if (!withheld.some((of) => isSameTable(of, name))) this.#list.withhold(id, name);
      return true;
    }
    const given = this.#given.get(id);
    if (given !== undefined && isSameTable(given, name)) return false;
    return tables.some((of) => isSameTable(of, name) && (of.state === 'waiting' || of.state === 'copying'));
  }

  #look(): void {
    this.#version = this.#list.version;
    this.#known.clear();
    this.#exact = this.#list.list.filter(({ isExact, endedAt }) => isExact === true && endedAt === undefined);
  }
}
