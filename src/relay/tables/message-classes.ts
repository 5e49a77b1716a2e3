import type { ColumnSet } from '../../binlog/rows/row-compiler.ts';
import type { ChangeKind } from '../../format/format.ts';
import { ENTRY_BYTES, type PlanMemory } from './plan-memory.ts';

/** As far as its classes are concerned. */
interface ClassLike {
  readonly source: string;
  readonly head: Buffer;
}

/** The classes of one table version; those used last are found by comparing, the others by their text. */
export class MessageClasses<MessageClass extends ClassLike> {
  readonly #create: (kind: ChangeKind, source: string) => MessageClass;
  readonly #memory: PlanMemory;
  readonly #classes = new Map<string, MessageClass>();
  #bytes = 0;
  #insert: MessageClass | undefined;
  #delete: MessageClass | undefined;
  /** Of updates: the few sets of columns that the statements of an application change. */
  readonly #updates: { readonly set: ColumnSet; readonly class: MessageClass }[] = [];

  constructor(create: (kind: ChangeKind, source: string) => MessageClass, memory: PlanMemory) {
    this.#create = create;
    this.#memory = memory;
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
    if (this.#updates.length >= MAX_UPDATES) this.#updates.shift();
    this.#updates.push({ set: changed.slice(), class: found });
    return found;
  }

  #find(kind: ChangeKind, source: string, changed: string): MessageClass {
    const text = `${kind} ${source} ${changed}`;
    let found = this.#classes.get(text);
    if (found === undefined) {
      if (this.#classes.size >= MAX_CLASSES) this.#forget();
      found = this.#create(kind, source);
      this.#classes.set(text, found);
      this.#keep(text.length + found.head.length + ENTRY_BYTES);
    }
    return found;
  }

  #keep(bytes: number): void {
    this.#bytes += bytes;
    this.#memory.add(bytes);
  }

  #forget(): void {
    this.#classes.clear();
    this.#keep(-this.#bytes);
  }
}

/** Comparing so many is quicker than making the text that finds one of them. */
const MAX_UPDATES = 8;
/** Per table version. A class that was dropped is made again; two of them only split a message. */
const MAX_CLASSES = 256;

function isEqual(a: ColumnSet, b: ColumnSet): boolean {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
