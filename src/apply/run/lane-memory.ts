import { tableKey, type LaneState, type Replacement, type TableOfSource } from '../ledger/ledger.ts';
import type { Session } from '../target/target.ts';
import type { LaneWork } from './lane-work.ts';
import { endReplacement } from './replacement.ts';
import type { WriterOptions } from './writer-options.ts';

type Begun = Pick<Replacement, 'mark' | 'state'>;

/** What the ledger has of a lane, as it is committed: read once, and again when that is not sure any more. */
export class LaneMemory {
  readonly #lane: string;
  readonly #options: Pick<WriterOptions, 'ledger' | 'tables'>;
  /** By stream. */
  #states = new Map<string, LaneState>();
  /** By stream, then by table. */
  #replacements = new Map<string, Map<string, Begun>>();

  constructor(lane: string, options: Pick<WriterOptions, 'ledger' | 'tables'>) {
    this.#lane = lane;
    this.#options = options;
  }

  forget(): void {
    this.#states = new Map();
    this.#replacements = new Map();
  }

  async state(session: Session, stream: string): Promise<LaneState> {
    const known = this.#states.get(stream);
    if (known !== undefined) return known;
    const { ledger, tables } = this.#options;
    const state = await ledger.lane(session, stream, this.#lane);
    const replacements = await ledger.replacements(session, stream, this.#lane);
    for (const { table, mark, state: of } of replacements) {
      const target = tables.sqlOf(table.database, table.table);
      if (of === 'ended') await endReplacement(session, ledger, { stream, table, mark, target });
    }
    this.#replacements.set(stream, new Map(replacements.map((each) => [keyOf(each.table), each])));
    this.#states.set(stream, state);
    return state;
  }

  /** The newest copy of the table that has begun in the lane, and replaces its rows. */
  replacement(stream: string, table: TableOfSource): Begun | undefined {
    return this.#replacements.get(stream)?.get(keyOf(table));
  }

  begun(stream: string, table: TableOfSource, mark: string): void {
    this.#replacements.get(stream)?.set(keyOf(table), { mark, state: 'begun' });
  }

  committed({ stream, to, replaced }: LaneWork): void {
    this.#states.set(stream, to);
    const replacements = this.#replacements.get(stream);
    for (const key of replaced) {
      const begun = replacements?.get(key);
      if (begun !== undefined) replacements?.set(key, { mark: begun.mark, state: 'done' });
    }
  }
}

export const keyOf = ({ database, table }: TableOfSource): string => tableKey(database, table);
