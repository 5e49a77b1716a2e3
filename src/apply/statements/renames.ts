import type { TableOfSource } from '../ledger/ledger-place.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { tableKey } from '../ledger/ledger-place.ts';
import type { Session } from '../target/target.ts';
import { isEarlier } from './change-order.ts';
import { planStatement } from './plan.ts';

interface Rename {
  readonly id: string;
  readonly epoch: number;
  readonly tables: ReadonlySet<string>;
}

/** A row, or a statement, that a lane has come to. */
export interface Came {
  readonly table: TableOfSource;
  readonly epoch: number;
  /** Its whole change id. */
  readonly id: string;
}

/**
 * Tells what comes again, in a later run of the relay, of the time before a table was renamed. It is in the target, and
 * has another name there: written under the old one it would meet another table, or none.
 */
export class Renames {
  readonly #ledger: Pick<Ledger, 'statements'>;
  /** By stream, those that are done. */
  readonly #known = new Map<string, readonly Rename[]>();

  constructor(ledger: Pick<Ledger, 'statements'>) {
    this.#ledger = ledger;
  }

  /** Statements were run. */
  forget(): void {
    this.#known.clear();
  }

  async isBefore(session: Session, stream: string, { table, epoch, id }: Came): Promise<boolean> {
    const known = this.#known.get(stream) ?? (await this.#load(session, stream));
    const key = tableKey(table.database, table.table);
    return known.some((rename) => epoch > rename.epoch && rename.tables.has(key) && isEarlier(id, rename.id));
  }

  async #load(session: Session, stream: string): Promise<readonly Rename[]> {
    const done = await this.#ledger.statements.doneRenames(session, stream);
    const found = done.flatMap(({ id, sql, names, epoch }): readonly Rename[] => {
      const plan = planStatement(sql, names);
      if (plan.is !== 'rename') return [];
      const tables = plan.moves.flatMap(({ from, to }) => [from, to]);
      return [{ id, epoch, tables: new Set(tables.map(({ database, table }) => tableKey(database, table))) }];
    });
    this.#known.set(stream, found);
    return found;
  }
}
