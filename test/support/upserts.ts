import type { OutboundMessage, Sink } from '../../src/sink/sink.ts';
import { laneNames } from './lane-names.ts';

type Row = Readonly<Record<string, string | null>>;

interface Body {
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE' | 'CREATE';
  readonly table: string;
  readonly pkNames: readonly string[] | null;
  readonly data: readonly Row[] | null;
  readonly old: readonly Row[] | null;
  readonly source: string;
  readonly changes: readonly string[];
  readonly copy?: {
    readonly id: string;
    readonly mark: 'begin' | 'end';
    readonly rows: number;
    readonly replaces: boolean;
  };
}

/**
 * Broker and reader in one: keeps every table by key, and writes rows over what is there, as readers do that know of
 * copies. Rows of tables without a key are counted.
 *
 * It looks harder than a reader must: what it has heard of a row, by a copy or by the stream, has to fit whatever it
 * hears next. A copied row is the row as the stream has left it, and a change finds the row that it says was there.
 */
export class Upserts implements Sink {
  /** By table, then by key, or by the whole row: the row, and how often it is there. */
  readonly tables = new Map<string, Map<string, { row: Row; count: number }>>();
  readonly marks: string[] = [];
  /** What did not fit. */
  readonly problems: string[] = [];
  readonly messages: OutboundMessage[] = [];
  copiedRows = 0;
  /** Awaited before a message is taken. */
  onSend: (message: OutboundMessage) => Promise<void> = () => Promise.resolve();
  readonly #isKept: boolean;
  readonly #isStrict: boolean;
  readonly #folded: (table: string, key: string) => string;
  /** What was applied already: a relay that was killed says things again. */
  readonly #applied = new Set<string>();
  /** Keys of rows that are known not to be there, by table. */
  readonly #absent = new Map<string, Set<string>>();

  /**
   * `isStrict`: every INSERT is new, and every other change finds the row that it says was there. `folded`: the same
   * for keys that the source takes as equal.
   */
  constructor({
    keepMessages = false,
    isStrict = false,
    folded = (_, key) => key,
  }: {
    readonly keepMessages?: boolean;
    readonly isStrict?: boolean;
    readonly folded?: (table: string, key: string) => string;
  } = {}) {
    this.#isKept = keepMessages;
    this.#isStrict = isStrict;
    this.#folded = folded;
  }

  open(): ReturnType<Sink['open']> {
    return Promise.resolve({ destination: 'upserts', queues: 1, laneNames, maxBodyBytes: 4 << 20 });
  }

  async send(message: OutboundMessage): Promise<void> {
    await this.onSend(message);
    if (this.#isKept) this.messages.push({ ...message, body: Buffer.from(message.body) });
    this.apply(JSON.parse(message.body.toString()) as Body, message);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  apply(body: Body, { lane, properties }: Pick<OutboundMessage, 'lane' | 'properties'>): void {
    const { type, table, pkNames, data, old, source, changes, copy } = body;
    const rows = this.tables.get(table) ?? new Map<string, { row: Row; count: number }>();
    this.tables.set(table, rows);
    if (copy !== undefined) {
      this.marks.push(`${lane} ${table} ${copy.mark} ${copy.rows}`);
      if (copy.mark === 'begin' && copy.replaces) rows.clear();
      return;
    }
    const isCopy = properties.has('copy');
    if (isCopy) this.copiedRows += data?.length ?? 0;
    for (const [i, row] of (data ?? []).entries()) {
      const id = `${table} ${source}:${String(changes[i])}`;
      if (this.#applied.has(id)) continue;
      this.#applied.add(id);
      const before = type === 'INSERT' ? undefined : { ...row, ...old?.[i] };
      if (pkNames !== null) this.#check(table, pkNames, isCopy, before, row, `${type} ${id}`);
      else if (this.#isStrict && before !== undefined && !rows.has(keyOf(null, before)))
        this.problems.push(`${type} ${id}: ${JSON.stringify({ before, known: 'absent' })}`);
      if (before !== undefined) this.#remove(rows, pkNames, before);
      if (type !== 'DELETE') this.#add(rows, pkNames, row);
    }
  }

  #check(
    table: string,
    pkNames: readonly string[],
    isCopy: boolean,
    before: Row | undefined,
    row: Row,
    what: string,
  ): void {
    const absent = this.#absent.get(table) ?? new Set<string>();
    this.#absent.set(table, absent);
    const key = keyOf(pkNames, before ?? row);
    const known = this.tables.get(table)?.get(key)?.row;
    const said = before ?? (isCopy ? row : undefined);
    const isKnown = known !== undefined && said !== undefined && JSON.stringify(known) === JSON.stringify(said);
    const isFit = this.#isStrict
      ? isKnown === (before !== undefined) && (before !== undefined || known === undefined)
      : isCopy && before !== undefined
        ? // Who has heard everything has no row of a key that a copy says there is none of, nor of an equal one.
          !this.#hasEqual(table, key)
        : isKnown || (known === undefined && (said === undefined || !absent.has(key)));
    if (!isFit) this.problems.push(`${what}: ${JSON.stringify({ said, known: known ?? 'absent', row })}`);
    if (what.startsWith('DELETE')) absent.add(key);
    else {
      absent.delete(keyOf(pkNames, row));
      if (before !== undefined && keyOf(pkNames, row) !== key) absent.add(key);
    }
  }

  #hasEqual(table: string, key: string): boolean {
    const folded = this.#folded(table, key);
    for (const each of this.tables.get(table)?.keys() ?? []) if (this.#folded(table, each) === folded) return true;
    return false;
  }

  /** All rows of a table as text, sorted. */
  texts(table: string): readonly string[] {
    return [...(this.tables.get(table)?.values() ?? [])]
      .flatMap(({ row, count }) => Array.from({ length: count }, () => JSON.stringify(row)))
      .sort();
  }

  #add(rows: Map<string, { row: Row; count: number }>, pkNames: readonly string[] | null, row: Row): void {
    const key = keyOf(pkNames, row);
    const known = rows.get(key);
    if (known === undefined || pkNames !== null) rows.set(key, { row, count: 1 });
    else known.count += 1;
  }

  #remove(rows: Map<string, { row: Row; count: number }>, pkNames: readonly string[] | null, row: Row): void {
    const key = keyOf(pkNames, row);
    const known = rows.get(key);
    if (known === undefined) return;
    known.count -= 1;
    if (known.count === 0) rows.delete(key);
  }
}

const keyOf = (pkNames: readonly string[] | null, row: Row): string =>
  JSON.stringify(pkNames === null ? row : pkNames.map((name) => row[name]));
