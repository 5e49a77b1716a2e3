import type { ChangeKind } from '../../format/format.ts';
import type { TableChanges } from '../relay.ts';

type Counts = { -readonly [K in Exclude<keyof TableChanges, 'database' | 'table'>]: number };

const COUNTED: Readonly<Record<ChangeKind, Exclude<keyof Counts, 'copied'>>> = {
  INSERT: 'inserted',
  UPDATE: 'updated',
  DELETE: 'deleted',
};

/**
 * Counts acknowledged changes by table: once for each message, whose rows are of one table. The first tables that have
 * changes are counted by name, all others together, so that a server with any number of them, or a tool that makes and
 * drops them, takes no more memory.
 */
export class TableChangeCounts {
  readonly #maxTables: number;
  readonly #databases = new Map<string, Map<string, Counts>>();
  #tables = 0;
  #others: Counts | undefined;

  constructor(maxTables: number) {
    this.#maxTables = maxTables;
  }

  add({ database, name }: { readonly database: string; readonly name: string }, kind: ChangeKind, rows: number): void {
    this.#of(database, name)[COUNTED[kind]] += rows;
  }

  addCopied({ database, name }: { readonly database: string; readonly name: string }, rows: number): void {
    this.#of(database, name).copied += rows;
  }

  list(): readonly TableChanges[] {
    const named = [...this.#databases].flatMap(([database, tables]) =>
      [...tables].map(([table, counts]) => ({ database, table, ...counts })),
    );
    return this.#others === undefined ? named : [...named, { database: undefined, table: undefined, ...this.#others }];
  }

  #of(database: string, name: string): Counts {
    return this.#databases.get(database)?.get(name) ?? this.#new(database, name);
  }

  #new(database: string, name: string): Counts {
    if (this.#tables >= this.#maxTables) return (this.#others ??= none());
    const counts = none();
    const tables = this.#databases.get(database) ?? new Map<string, Counts>();
    this.#databases.set(database, tables.set(name, counts));
    this.#tables += 1;
    return counts;
  }
}

const none = (): Counts => ({ inserted: 0, updated: 0, deleted: 0, copied: 0 });
