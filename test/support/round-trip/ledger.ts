import type { MessageBody } from '../replay.ts';

type Row = Readonly<Record<string, string | null>>;

/**
 * What a copy holds by the text published alone. It holds every change against what was there before: rows come in
 * commit order, so that an insert meets no row of exactly its key, and an update or delete meets the row that it says
 * was there. Tables without a key are multisets.
 */
export class Ledger {
  /** By table; in it by the text of the key, or of the whole row. */
  readonly #tables = new Map<string, Map<string, { row: Row; count: number }>>();
  changes = 0;

  /** Throws for a change that does not fit. */
  apply(body: MessageBody): void {
    const { table, type, pkNames, data, old } = body;
    for (const [i, row] of data.entries()) {
      this.changes += 1;
      const before: Row = { ...row, ...old?.[i] };
      if (type !== 'INSERT') this.#remove(table, pkNames, before, `${type} ${body.source}:${String(body.changes[i])}`);
      if (type !== 'DELETE') this.#add(table, pkNames, row, `${type} ${body.source}:${String(body.changes[i])}`);
    }
  }

  /** The rows of a table without key. */
  rowsOf(table: string): readonly Row[] {
    return [...(this.#tables.get(table)?.values() ?? [])].flatMap(({ row, count }) =>
      Array.from({ length: count }, () => row),
    );
  }

  #add(table: string, pkNames: readonly string[] | null, row: Row, change: string): void {
    const rows = this.#tables.get(table) ?? new Map<string, { row: Row; count: number }>();
    this.#tables.set(table, rows);
    const key = keyOf(pkNames, row);
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { row, count: 1 });
    else if (pkNames === null) known.count += 1;
    else throw new Error(`${change}: a row of that key is there: ${JSON.stringify({ row, known: known.row })}`);
  }

  #remove(table: string, pkNames: readonly string[] | null, before: Row, change: string): void {
    const rows = this.#tables.get(table);
    const key = keyOf(pkNames, before);
    const known = rows?.get(key);
    if (known === undefined) throw new Error(`${change}: no such row is there: ${JSON.stringify(before)}`);
    if (JSON.stringify(known.row) !== JSON.stringify(before))
      throw new Error(`${change}: another row is there: ${JSON.stringify({ said: before, known: known.row })}`);
    known.count -= 1;
    if (known.count === 0) rows?.delete(key);
  }
}

const keyOf = (pkNames: readonly string[] | null, row: Row): string =>
  JSON.stringify(pkNames === null ? row : pkNames.map((name) => row[name]));
