import type { ColumnSet } from '../binlog/row-compiler.ts';
import type { ChangeKind } from '../format/format.ts';
import type { TablePlan } from './table-plan.ts';

/**
 * What the rows of one message have in common: table version, kind, the set of changed columns of updates, and the server part of their change
 * ids. So `old` is exact for every row, and a reader that looks a column up across the whole `old` array reads it right.
 */
export class MessageClass {
  readonly plan: TablePlan;
  readonly kind: ChangeKind;
  readonly source: string;
  /** The body up to the first row. */
  readonly head: Buffer;

  constructor(plan: TablePlan, kind: ChangeKind, source: string) {
    this.plan = plan;
    this.kind = kind;
    this.source = source;
    this.head = plan.format.head(kind, source);
  }
}

/** The classes of one table version; those used last are found by comparing, the others by their text. */
export class MessageClasses {
  readonly #plan: TablePlan;
  readonly #classes = new Map<string, MessageClass>();
  #insert: MessageClass | undefined;
  #delete: MessageClass | undefined;
  /** Of updates: the few sets of columns that the statements of an application change. */
  readonly #updates: { readonly set: ColumnSet; readonly class: MessageClass }[] = [];

  constructor(plan: TablePlan) {
    this.#plan = plan;
  }

  /** `changed`: of an update. */
  of(kind: ChangeKind, source: string, changed: ColumnSet | undefined): MessageClass {
    if (changed !== undefined) return this.update(source, changed);
    return kind === 'INSERT' ? this.insert(source) : this.delete(source);
  }

  insert(source: string): MessageClass {
    if (this.#insert?.source === source) return this.#insert;
    this.#insert = this.#find('INSERT', source, '');
    return this.#insert;
  }

  delete(source: string): MessageClass {
    if (this.#delete?.source === source) return this.#delete;
    this.#delete = this.#find('DELETE', source, '');
    return this.#delete;
  }

  update(source: string, changed: ColumnSet): MessageClass {
    for (const known of this.#updates) {
      if (known.class.source === source && isEqual(known.set, changed)) return known.class;
    }
    const found = this.#find('UPDATE', source, changed.join());
    if (this.#updates.length >= MOST_UPDATES) this.#updates.shift();
    this.#updates.push({ set: changed.slice(), class: found });
    return found;
  }

  #find(kind: ChangeKind, source: string, changed: string): MessageClass {
    const text = `${kind} ${source} ${changed}`;
    let found = this.#classes.get(text);
    if (found === undefined) {
      if (this.#classes.size >= MOST_CLASSES) this.#classes.clear();
      found = new MessageClass(this.#plan, kind, source);
      this.#classes.set(text, found);
    }
    return found;
  }
}

/** Comparing so many is quicker than making the text that finds one of them. */
const MOST_UPDATES = 8;
/** Per table version. A class that was dropped is made again; two of them only split a message. */
const MOST_CLASSES = 256;

function isEqual(a: ColumnSet, b: ColumnSet): boolean {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
