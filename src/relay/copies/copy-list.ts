import { parseGlob } from '../../base/glob.ts';
import { RelayError } from '../../base/errors.ts';
import { tableFilter } from '../../change/table-filter.ts';
import type { Copies, Copy, CopyOutcome, TableCopy } from '../../checkpoint/checkpoint.ts';
import type { TableName } from '../../source/source.ts';
import type { AskedPart } from '../relay.ts';
import { partOf, shortened } from './copy-part.ts';

/** Of those that have ended, and have not failed. */
const MAX_ENDED = 5;
/** Of parts of tables, whether they have failed or not: programs ask for many. */
const MAX_ENDED_PARTS = 20;
/** Of those that go on: each names its tables in every checkpoint. */
const MAX_ACTIVE = 20;

/**
 * The copies that were asked for, and how far they are. They are part of the checkpoint, so that a restart goes on
 * where the copy was. Pure.
 */
export class CopyList {
  /** Rises with every change. */
  version = 0;
  readonly #now: () => number;
  #newestId: number;
  #list: readonly Copy[];

  constructor(stored: Copies | undefined, now: () => number) {
    this.#now = now;
    this.#newestId = stored?.newestId ?? 0;
    this.#list = stored?.list ?? [];
  }

  /** The oldest first. */
  get list(): readonly Copy[] {
    return this.#list;
  }

  /** What the checkpoint keeps; undefined when there never was a copy. */
  stored(): Copies | undefined {
    return this.#newestId === 0 ? undefined : { newestId: this.#newestId, list: this.#list };
  }

  /**
   * `patterns`: `database.table`; of a part one name. Throws USAGE when one is not valid, or more is asked than is
   * kept.
   */
  add(patterns: readonly string[], asked?: AskedPart): Copy {
    const active = this.#list.filter(({ endedAt }) => endedAt === undefined);
    if (active.length >= MAX_ACTIVE)
      throw new RelayError('USAGE', `${MAX_ACTIVE} copies go on already`, {
        remedy: 'Wait until one has ended, or cancel one: binlog-relay copy --list shows them.',
      });
    for (const pattern of patterns) {
      const parsed = parseGlob(pattern, 2);
      if (!parsed.ok)
        throw new RelayError('USAGE', `the table pattern ${JSON.stringify(pattern)} ${parsed.problem}`, {
          remedy: 'Write it as database.table, such as shop.orders, or shop.* for all tables of a database.',
        });
      if (asked !== undefined && parsed.parts.some(({ literal }) => literal === undefined)) throw severalTables();
    }
    if (asked !== undefined && patterns.length !== 1) throw severalTables();
    const part = asked === undefined ? {} : { part: partOf(asked, active) };
    this.#newestId += 1;
    const copy: Copy = { id: String(this.#newestId), patterns, ...part, requestedAt: this.#time(), isPaused: false };
    this.#set([...this.#list, copy]);
    return copy;
  }

  get(id: string): Copy {
    const found = this.#list.find((copy) => copy.id === id);
    if (found === undefined) throw new RelayError('INTERNAL', `there is no copy ${id}`);
    return found;
  }

  tableOf(id: string, database: string, table: string): TableCopy | undefined {
    return this.get(id).tables?.find((each) => each.database === database && each.table === table);
  }

  /** The first copy that has something to do, and is not paused. */
  get next(): Copy | undefined {
    return this.#list.find(({ endedAt, isPaused }) => endedAt === undefined && !isPaused);
  }

  /** The tables that the patterns of the copy name, of those that the server has. */
  resolve(id: string, tables: readonly TableName[]): void {
    const copy = this.get(id);
    const asked = tableFilter({ include: copy.patterns, exclude: [], excludeColumns: [] });
    const named = tables.filter(({ database, table }) => asked.includes(database, table));
    const isNamed = (of: TableName): boolean =>
      named.some(({ database, table }) => database === of.database && table === of.table);
    // Nobody needs to know any more that it failed before.
    const isOver = (of: TableCopy): boolean => isNamed(of) && (of.state === 'failed' || of.state === 'gone');
    if (copy.part === undefined)
      this.#set(
        this.#list.map((each) =>
          each.tables === undefined ? each : { ...each, tables: each.tables.filter((of) => !isOver(of)) },
        ),
      );
    this.#replace({ ...copy, tables: named.map((name) => ({ ...name, state: 'waiting', rows: 0 })) });
    this.#endIfDone(id);
  }

  /** The table of the copy that is worked on, or is the next one; undefined when there is none. */
  nextTable(id: string): TableCopy | undefined {
    return this.get(id).tables?.find(({ state }) => state === 'waiting' || state === 'copying');
  }

  /** How far one table is now. */
  update(id: string, table: TableCopy): void {
    const copy = this.get(id);
    const tables = (copy.tables ?? []).map((each) =>
      each.database === table.database && each.table === table.table ? table : each,
    );
    this.#replace({ ...copy, tables });
    this.#endIfDone(id);
  }

  /** False when no copy of this id goes on. */
  pause(id: string, isPaused: boolean): boolean {
    return this.#change(id, (copy) => ({ ...copy, isPaused }));
  }

  /** One that has ended as well, as long as it says that tables have failed: nothing reminds of them any more. */
  cancel(id: string): boolean {
    const copy = this.#list.find((each) => each.id === id && each.isCancelled !== true);
    if (copy === undefined) return false;
    if (copy.endedAt !== undefined && !hasFailed(copy)) return false;
    this.#replace({ ...(copy.endedAt === undefined ? this.#ended(copy) : copy), isCancelled: true });
    return true;
  }

  /** Whether it still goes on. */
  isActive(id: string): boolean {
    return this.#list.some((copy) => copy.id === id && copy.endedAt === undefined && !copy.isPaused);
  }

  #change(id: string, change: (copy: Copy) => Copy): boolean {
    const copy = this.#list.find((each) => each.id === id && each.endedAt === undefined);
    if (copy === undefined) return false;
    this.#replace(change(copy));
    return true;
  }

  #endIfDone(id: string): void {
    if (this.nextTable(id) !== undefined) return;
    this.#change(id, (copy) => this.#ended(copy));
  }

  #ended(copy: Copy): Copy {
    const { tables = [] } = copy;
    return {
      ...copy,
      ...(copy.part !== undefined && { part: shortened(copy.part) }),
      endedAt: this.#time(),
      ...(copy.tables !== undefined && {
        tables: tables.filter(({ state }) => state === 'failed' || state === 'gone'),
        outcome: outcomeOf(tables),
      }),
    };
  }

  #replace(copy: Copy): void {
    this.#set(this.#list.map((each) => (each.id === copy.id ? copy : each)));
  }

  #set(list: readonly Copy[]): void {
    // What has failed is said until somebody has seen to it.
    const whole = list.filter((copy) => copy.part === undefined && (copy.isCancelled === true || !hasFailed(copy)));
    const parts = list.filter(({ part }) => part !== undefined);
    const dropped = new Set([...tooMany(whole, MAX_ENDED), ...tooMany(parts, MAX_ENDED_PARTS)]);
    this.#list = list.filter(({ id }) => !dropped.has(id));
    this.version += 1;
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}

/** Ids of those that ended first. */
function tooMany(list: readonly Copy[], max: number): readonly string[] {
  const ended = list
    .flatMap(({ id, endedAt }) => (endedAt === undefined ? [] : [{ id, endedAt }]))
    .sort((a, b) => Date.parse(a.endedAt) - Date.parse(b.endedAt));
  return ended.slice(0, Math.max(0, ended.length - max)).map(({ id }) => id);
}

const severalTables = (): RelayError =>
  new RelayError('USAGE', 'keys, or a range of them, were asked for of more than one table', {
    remedy: 'Name one table, without wildcards.',
  });

const hasFailed = ({ tables = [] }: Copy): boolean => tables.some(({ state }) => state === 'failed');

const outcomeOf = (tables: readonly TableCopy[]): CopyOutcome => ({
  tables: tables.length,
  copied: tables.filter(({ state }) => state === 'copied').length,
  rows: tables.reduce((sum, { rows }) => sum + rows, 0),
});
