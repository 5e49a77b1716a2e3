/**
 * Reads the topic as docs/message-format.md tells readers to, and looks harder than a reader must: nothing is missing,
 * nothing is out of order, and what a change says was there before it is what was there.
 */
import { topicMessages, type ReceivedMessage } from '../../dev/topic-messages.ts';
import { LateMessages } from './late-messages.ts';
import type { TransactionOfTable } from './truth.ts';
import type { Ordering } from './schedule.ts';

type Row = Readonly<Record<string, string | null>>;

interface Body {
  /** Of the change ids: the UUID of the server. */
  readonly source: string;
  readonly type: string;
  readonly table: string;
  readonly isDdl: boolean;
  readonly pkNames: readonly string[] | null;
  readonly mysqlType: Readonly<Record<string, string>>;
  readonly data: readonly Row[] | null;
  readonly old: readonly Row[] | null;
  readonly changes: readonly string[];
  readonly tables?: readonly (readonly [string, string | null])[];
}

/** Changes of one table in one transaction, as messages brought them. */
interface Heard {
  /** By the number of the change: its kinds, `U`, `D`, or `D+` where an update came as two halves. */
  readonly kinds: Map<number, string>;
}

export interface TopicCounts {
  messages: number;
  /** Messages that the broker or the relay gave again under a number that was read. */
  messagesRepeated: number;
  /** Of a lower epoch, and stored behind one of a higher epoch in the same lane: readers drop them. */
  late: number;
  changes: number;
  /** Changes that came again in a later run of the relay. */
  changesRepeated: number;
  rowsCopied: number;
  lost: number;
  reordered: number;
}

export const noCounts = (): TopicCounts => ({
  messages: 0,
  messagesRepeated: 0,
  late: 0,
  changes: 0,
  changesRepeated: 0,
  rowsCopied: 0,
  lost: 0,
  reordered: 0,
});

const SHOWN = 20;
/** Of a number in a GTID. */
const GNO_BITS = 63n;
const NO_ROW = 'none';

export class TopicOracle {
  readonly counts = noCounts();
  /** What is wrong, the first of it in words. */
  readonly problems: string[] = [];
  readonly #ordering: Ordering;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  /** By stream and lane. */
  readonly #lanes = new Map<string, { epoch: number; sequence: number }>();
  readonly #late = new LateMessages();
  /** In the order in which they came: the UUIDs of primaries. */
  readonly #servers: string[] = [];
  /** By `ordinal table`; judged ones are left out. */
  readonly #heard = new Map<string, Heard>();
  /** Every transaction up to here was judged: it can only be a repeat. */
  #judged = 0n;
  /** By table and key: the newest change, as ordinal and number. */
  readonly #newest = new Map<string, readonly [bigint, number]>();
  /** By table, then key: the row as text, or that there is none. */
  readonly #rows = new Map<string, Map<string, string>>();
  /** Tables that a statement has changed: their rows are not looked at. */
  readonly #altered = new Set<string>();
  #failure: Error | undefined;

  constructor(
    topic: { readonly endpoint: string; readonly topic: string; readonly group: string },
    ordering: Ordering,
  ) {
    this.#ordering = ordering;
    this.#ended = this.#read(topic).catch((error: unknown) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    });
  }

  /** All that `truth` has was heard; throws what ended the reading. */
  hasAll(truth: readonly TransactionOfTable[]): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    return truth.every(({ uuid, gno, table, kinds }) => {
      const heard = this.#heard.get(`${this.#ordinal(uuid, gno)} ${table}`)?.kinds;
      return kinds.every((kind, n) => isOf(kind, heard?.get(n) ?? '', this.#ordering));
    });
  }

  /** Compares what was heard with what was committed since the last time, and forgets it. */
  judge(truth: readonly TransactionOfTable[]): void {
    for (const { uuid, gno, table, kinds } of truth) {
      const ordinal = this.#ordinal(uuid, gno);
      const name = `${ordinal} ${table}`;
      const heard = this.#heard.get(name)?.kinds;
      this.#heard.delete(name);
      for (const [n, kind] of kinds.entries()) {
        const came = heard?.get(n);
        if (came === undefined) {
          this.counts.lost += 1;
          this.#say(`lost: change ${n} (${kind}) of ${table} in transaction ${gno}`);
        } else if (!isOf(kind, came, this.#ordering)) {
          this.#say(`change ${n} of ${table} in transaction ${gno} is ${kind} in the binlog, and came as ${came}`);
        }
        heard?.delete(n);
      }
      if (heard !== undefined && heard.size > 0)
        this.#say(`${heard.size} changes of ${table} in transaction ${gno} came that the binlog does not have`);
      if (ordinal > this.#judged) this.#judged = ordinal;
    }
    for (const name of this.#heard.keys()) this.#say(`the binlog does not have the changes of ${name}`);
    this.#heard.clear();
  }

  /** Rows of tables with a key, as `table-states.ts` writes them. */
  rows(): ReadonlySet<string> {
    return new Set([...this.#rows.values()].flatMap((rows) => [...rows.values()].filter((row) => row !== NO_ROW)));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #read(topic: { readonly endpoint: string; readonly topic: string; readonly group: string }): Promise<void> {
    // The shortest that RocketMQ knows: a broker that was away has lost acknowledgements.
    const options = { ...topic, invisibleMs: 10_000, signal: this.#stop.signal };
    for await (const message of topicMessages(options)) this.#take(message);
  }

  #take(message: ReceivedMessage): void {
    if (!this.#isNew(message)) {
      this.counts.messagesRepeated += 1;
      return;
    }
    this.counts.messages += 1;
    const body = JSON.parse(message.body.toString()) as Body;
    if (body.isDdl) {
      for (const [, table] of body.tables ?? []) if (table !== null) this.#forget(table);
      return;
    }
    const { data } = body;
    if (data === null) return;
    const isCopy = message.properties.has('copy');
    for (const [i, row] of data.entries()) {
      if (isCopy) {
        this.counts.rowsCopied += 1;
        if (body.pkNames !== null) this.#see(body, body.pkNames, row, row, `copied ${String(body.changes[i])}`);
        continue;
      }
      this.#change(body, i, row);
    }
  }

  #forget(table: string): void {
    this.#altered.add(table);
    this.#rows.delete(table);
  }

  /** By stream, epoch and sequence: the first rule of a reader, and the third. */
  #isNew({ lane, properties, queue, offset }: ReceivedMessage): boolean {
    const epoch = Number(properties.get('epoch'));
    const sequence = Number(properties.get('sequence'));
    const streamLane = `${properties.get('stream') ?? ''} ${lane}`;
    this.#late.see({ lane: streamLane, epoch, queue, offset });
    this.counts.late = this.#late.count;
    const last = this.#lanes.get(streamLane) ?? { epoch: 0, sequence: 0 };
    if (epoch < last.epoch || (epoch === last.epoch && sequence <= last.sequence)) return false;
    const due = epoch === last.epoch ? last.sequence + 1 : 1;
    if (sequence !== due) {
      this.counts.lost += 1;
      this.#say(`lane ${lane}, epoch ${epoch}: message ${sequence} came where ${due} was due`);
    }
    if (sequence === 1 && !properties.has('resume'))
      this.#say(`lane ${lane}, epoch ${epoch} does not begin with resume`);
    this.#lanes.set(streamLane, { epoch, sequence });
    return true;
  }

  /** Transactions of all servers in one order: those of a promoted one come behind those of the one before. */
  #ordinal(uuid: string, gno: bigint): bigint {
    if (!this.#servers.includes(uuid)) this.#servers.push(uuid);
    return (BigInt(this.#servers.indexOf(uuid)) << GNO_BITS) + gno;
  }

  #change(body: Body, i: number, row: Row): void {
    const { source, table, type, pkNames, old } = body;
    const [, gnoText, numberText, half] = /^(\d+)#(\d+)(\+?)$/.exec(body.changes[i] ?? '') ?? [];
    if (gnoText === undefined) {
      this.#say(`${table}: ${String(body.changes[i])} is no change id`);
      return;
    }
    const gno = this.#ordinal(source, BigInt(gnoText));
    const n = Number(numberText);
    const kind = half === '+' ? '+' : type.charAt(0);
    if (gno <= this.#judged || !this.#isFirst(`${gno} ${table}`, n, kind)) {
      this.counts.changesRepeated += 1;
      return;
    }
    this.counts.changes += 1;
    const before = type === 'INSERT' ? undefined : { ...row, ...old?.[i] };
    const what = `${type} ${gno}#${n}${half ?? ''}`;
    const places =
      this.#ordering === 'total'
        ? ['']
        : pkNames === null
          ? [table]
          : [row, before ?? row].map((each) => `${table} ${keyOf(pkNames, each)}`);
    for (const place of new Set(places)) this.#order(place, table, gno, n, what);
    if (pkNames === null) return;
    this.#see(body, pkNames, before, type === 'DELETE' ? undefined : row, what);
  }

  #isFirst(name: string, n: number, kind: string): boolean {
    const heard: Heard = this.#heard.get(name) ?? { kinds: new Map<number, string>() };
    this.#heard.set(name, heard);
    const known = heard.kinds.get(n) ?? '';
    if (known.includes(kind)) return false;
    heard.kinds.set(n, known + kind);
    return true;
  }

  /** Numbers count within a table: of two tables in one transaction they tell nothing. */
  #order(place: string, table: string, gno: bigint, n: number, what: string): void {
    const [lastGno, lastN] = this.#newest.get(place) ?? [0n, -1];
    const ofTable = this.#newest.get(`${place} in ${table}`) ?? [0n, -1];
    const isLate = gno < lastGno || (gno === ofTable[0] && n < ofTable[1]);
    if (isLate) {
      this.counts.reordered += 1;
      this.#say(`reordered: ${what} of ${table} came after ${lastGno}#${lastN} (${place === '' ? 'all' : place})`);
      return;
    }
    this.#newest.set(place, [gno, n]);
    this.#newest.set(`${place} in ${table}`, [gno, n]);
  }

  /** `before`: the row that is said to be there, undefined for none; `after`: what is there from now on. */
  #see(body: Body, pkNames: readonly string[], before: Row | undefined, after: Row | undefined, what: string): void {
    if (this.#altered.has(body.table)) return;
    const rows = this.#rows.get(body.table) ?? new Map<string, string>();
    this.#rows.set(body.table, rows);
    const key = keyOf(pkNames, before ?? after ?? {});
    const known = rows.get(key);
    const said = before === undefined ? NO_ROW : this.#text(body, pkNames, before);
    if ((known ?? NO_ROW) !== said && !(known === undefined && before === after))
      this.#say(`${what} of ${body.table} ${key}: ${known ?? NO_ROW} was there, and the message says ${said}`);
    rows.set(key, NO_ROW);
    if (after !== undefined) rows.set(keyOf(pkNames, after), this.#text(body, pkNames, after));
  }

  #text({ table, mysqlType }: Body, pkNames: readonly string[], row: Row): string {
    const printed = Object.entries(row).map(([column, text]) => [
      column,
      text !== null && mysqlType[column] === 'float' ? asMysqlPrints(text) : text,
    ]);
    const printedRow = JSON.stringify(Object.fromEntries(printed));
    return `${table} ${JSON.stringify(mysqlType)} ${JSON.stringify(pkNames)} ${printedRow}`;
  }

  #say(problem: string): void {
    if (this.problems.length < SHOWN) this.problems.push(`topic: ${problem}`.slice(0, 600));
  }
}

const keyOf = (pkNames: readonly string[], row: Row): string => JSON.stringify(pkNames.map((name) => row[name]));

/** A FLOAT with as many digits as MySQL shows of it; messages have all of them. */
const asMysqlPrints = (text: string): string => String(Number(Number(text).toPrecision(6)));

/** Whether a change of the binlog may come in messages of these kinds. */
function isOf(kind: string, came: string, ordering: Ordering): boolean {
  if (kind === came) return true;
  return ordering === 'key' && kind === 'U' && (came === 'D+' || came === '+D');
}
