/**
 * Replays messages into a copy of the database, the way a reader would, and proves on the way that nothing is missing.
 */
import type { Connection, Pool } from 'mysql2/promise';
import { quoted } from '../../src/mysql/quoted.ts';

type Row = Readonly<Record<string, string | null>>;

/** What a reader needs of a message's body; see docs/message-format.md. */
export interface MessageBody {
  readonly database: string;
  readonly table: string;
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly isDdl: false;
  /** `null` for a table without a primary key. */
  readonly pkNames: readonly string[] | null;
  readonly mysqlType: Readonly<Record<string, string>>;
  readonly data: readonly Row[];
  readonly old: readonly Row[] | null;
  /** Of TIMESTAMP texts; UTC when absent. */
  readonly timeZone?: string;
  readonly binary?: 'latin1';
  /** Columns that the binlog does not bring, and those of them in `data` whose previous values it does not bring. */
  readonly absent?: readonly string[];
  readonly oldAbsent?: readonly string[];
  /** Columns that are left out because the row is too large. */
  readonly omitted?: readonly string[];
  /** Values that are in base64, because their bytes are no text. */
  readonly invalidText?: readonly {
    readonly row: number;
    readonly data?: readonly string[];
    readonly old?: readonly string[];
  }[];
  readonly source: string;
  readonly changes: readonly string[];
  readonly gtid: string;
  readonly es: number;
  readonly ts: number;
}

/** The same of a statement, which `ddl: inline` puts into every lane. */
export interface StatementBody extends Pick<
  MessageBody,
  'database' | 'table' | 'source' | 'changes' | 'gtid' | 'es' | 'ts'
> {
  readonly type: string;
  readonly isDdl: true;
  readonly sql: string;
}

/** The same of a message that says where the copy of a table begins or ends, which every lane has. */
export interface CopyMarkBody extends Omit<StatementBody, 'isDdl'> {
  readonly isDdl: false;
  readonly copy: { readonly mark: 'begin' | 'end'; readonly rows: number; readonly replaces: boolean };
}

/** The same of a message that says how far its lane is. */
export interface ProgressBody extends Omit<StatementBody, 'isDdl'> {
  readonly isDdl: false;
  readonly progress: { readonly gtidSet: string };
  /** file:position */
  readonly position: string;
}

export interface ReplayedMessage {
  readonly lane: string;
  readonly properties: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface ReplayCounts {
  messages: number;
  changes: number;
  /** Messages that came again under the number they had before: the broker had them although the relay did not know. */
  messagesRepeated: number;
  /** Changes that came again in a later run of the relay. */
  changesRepeated: number;
  /** Each once, in however many lanes it came. They are not run: the copy's tables are its owner's. */
  statements: number;
  /** Likewise. */
  copyMarks: number;
  /** In how many messages lanes have said how far they are. */
  progressMessages: number;
}

type AnyBody = MessageBody | StatementBody | CopyMarkBody | ProgressBody;

type Identified = Pick<MessageBody, 'database' | 'table' | 'source' | 'changes'>;

const nameOf = ({ database, table }: Identified): string => `${database}.${table}`;

/** With that of messages without any. */
const KNOWN_MARKS = new Set(['', 'oversize', 'partial', 'invalidText']);

export class Replay {
  readonly counts: ReplayCounts = {
    messages: 0,
    changes: 0,
    messagesRepeated: 0,
    changesRepeated: 0,
    statements: 0,
    copyMarks: 0,
    progressMessages: 0,
  };
  readonly #connection: Connection | Pool;
  readonly #databaseOf: (database: string) => string;
  /** By stream and lane. */
  readonly #lanes = new Map<string, { epoch: number; sequence: number }>();
  readonly #seen = new Set<string>();
  /** By lane: tables whose rows are all sent anew, of which none has come yet. */
  readonly #replaced = new Map<string, Set<string>>();
  /** The last write of each lane. */
  readonly #written = new Map<string, Promise<void>>();

  /** `connection`: with `time_zone = '+00:00'` and an empty `sql_mode`. */
  constructor(connection: Connection | Pool, databaseOf: (database: string) => string) {
    this.#connection = connection;
    this.#databaseOf = databaseOf;
  }

  /**
   * Applies one message: `write` gets what is new of it. Throws when messages before it are missing. Returns its body.
   */
  async apply(
    message: ReplayedMessage,
    write = (fresh: MessageBody): Promise<void> => this.write(fresh),
  ): Promise<AnyBody> {
    const body = JSON.parse(message.body.toString()) as AnyBody;
    const unknown = (message.properties.get('marks') ?? '').split(',').filter((mark) => !KNOWN_MARKS.has(mark));
    if (unknown.length > 0) throw new Error(`${body.table}: this reader does not know the mark ${unknown.join()}`);
    if (!this.#isNew(message)) {
      this.counts.messagesRepeated += 1;
      return body;
    }
    this.counts.messages += 1;
    if (body.isDdl) {
      if (this.#isNewChange(body, 0)) this.counts.statements += 1;
      return body;
    }
    if ('progress' in body) {
      this.counts.progressMessages += 1;
      return body;
    }
    if ('copy' in body) {
      if (this.#isNewChange(body, 0)) this.counts.copyMarks += 1;
      this.#mark(message.lane, body);
      return body;
    }
    const isFresh = body.data.map((_, i) => this.#isNewChange(body, i));
    const taken = <T>(list: readonly T[]): readonly T[] => list.filter((_, i) => isFresh[i]);
    const data = taken(body.data);
    this.counts.changes += data.length;
    this.counts.changesRepeated += body.data.length - data.length;
    const old = body.old === null ? null : taken(body.old);
    const fresh = { ...body, data, old, changes: taken(body.changes) };
    if (data.length === 0) return body;
    const isReplaced = this.#replaced.get(message.lane)?.delete(nameOf(body)) === true;
    await this.#inLaneOrder(message.lane, async () => {
      if (isReplaced) await this.#clear(body);
      await write(fresh);
    });
    return body;
  }

  /**
   * The rows of a table without a key have one lane, which the first of them shows: what the copy has of it goes there,
   * where the mark stands in the order of the table's changes. (One that is empty by now keeps what the copy has.)
   */
  #mark(lane: string, body: CopyMarkBody): void {
    const replaced = this.#replaced.get(lane) ?? new Set();
    this.#replaced.set(lane, replaced);
    if (body.copy.mark === 'begin' && body.copy.replaces) replaced.add(nameOf(body));
    else replaced.delete(nameOf(body));
  }

  /**
   * Several readers may be at work: a message that was handed out again must not let the next of its lane overtake it.
   */
  #inLaneOrder(lane: string, write: () => Promise<void>): Promise<void> {
    const written = (this.#written.get(lane) ?? Promise.resolve()).then(write);
    this.#written.set(lane, written);
    return written;
  }

  #isNew({ lane, properties }: ReplayedMessage): boolean {
    const epoch = Number(properties.get('epoch'));
    const sequence = Number(properties.get('sequence'));
    const streamLane = `${properties.get('stream') ?? ''} ${lane}`;
    const last = this.#lanes.get(streamLane) ?? { epoch: 0, sequence: 0 };
    if (epoch < last.epoch || (epoch === last.epoch && sequence <= last.sequence)) return false;
    const expected = epoch === last.epoch ? last.sequence + 1 : 1;
    if (sequence !== expected)
      throw new Error(`lane ${lane}, epoch ${epoch}: message ${sequence} came where ${expected} was due`);
    if (sequence === 1 && !properties.has('resume'))
      throw new Error(`lane ${lane}, epoch ${epoch}: the first message says no resume`);
    this.#lanes.set(streamLane, { epoch, sequence });
    return true;
  }

  #isNewChange({ database, table, source, changes }: Identified, i: number): boolean {
    const id = `${database}.${table} ${source}:${changes[i]}`;
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    return true;
  }

  /** Writes rows of a table with a primary key; of one without, inserts only. */
  async write(body: MessageBody): Promise<void> {
    const { type, table, pkNames, data, old } = body;
    if (body.timeZone !== undefined || body.binary !== undefined)
      throw new Error(
        `${table}: this reader reads times in UTC and bytes in base64 only, not publish.timeZone or publish.binary`,
      );
    if (body.invalidText !== undefined)
      throw new Error(
        `${table}: values whose bytes are no text are for people to look at: ${JSON.stringify(body.invalidText)}`,
      );
    if (body.omitted !== undefined && type !== 'DELETE')
      throw new Error(`${table}: columns ${body.omitted.join()} are left out of a row that is too large: fetch it`);
    if (type === 'INSERT') {
      await this.#replace(body, data);
      return;
    }
    if (pkNames === null)
      throw new Error(`${table} has no primary key: only its whole content says which of its rows has changed`);
    if (type === 'DELETE') {
      await this.#delete(body, pkNames, data);
      return;
    }
    // Under `ordering: table` and `total` an update may change the key; rows that change places do so one after the
    // other.
    const changesKey = pkNames.some((column) => column in (old?.[0] ?? {}));
    if (body.absent !== undefined) {
      for (const [i, row] of data.entries()) await this.#update(body, pkNames, row, { ...row, ...old?.[i] });
      return;
    }
    if (!changesKey) {
      await this.#replace(body, data);
      return;
    }
    for (const [i, row] of data.entries()) {
      await this.#delete(body, pkNames, [{ ...row, ...old?.[i] }]);
      await this.#replace(body, [row]);
    }
  }

  async #clear({ database, table }: MessageBody): Promise<void> {
    await this.#connection.query(`DELETE FROM ${this.#nameOf(database, table)}`);
  }

  async #replace({ database, table, mysqlType }: MessageBody, rows: readonly Row[]): Promise<void> {
    const columns = Object.keys(rows[0] ?? {});
    const values = rows.map((row) => columns.map((column) => valueOf(row[column], mysqlType[column])));
    const name = this.#nameOf(database, table);
    await this.#connection.query(`REPLACE INTO ${name} (${columns.map(quoted).join()}) VALUES ?`, [values]);
  }

  /** Writes the columns that the row has, where `before` is. */
  async #update(
    { database, table, mysqlType }: MessageBody,
    key: readonly string[],
    row: Row,
    before: Row,
  ): Promise<void> {
    const columns = Object.keys(row);
    const set = columns.map((column) => `${quoted(column)} = ?`).join();
    const isRow = key.map((column) => `${quoted(column)} = ?`).join(' AND ');
    await this.#connection.query(`UPDATE ${this.#nameOf(database, table)} SET ${set} WHERE ${isRow}`, [
      ...columns.map((column) => valueOf(row[column], mysqlType[column])),
      ...key.map((column) => keyOf(before[column], mysqlType[column])),
    ]);
  }

  async #delete(
    { database, table, mysqlType }: MessageBody,
    key: readonly string[],
    rows: readonly Row[],
  ): Promise<void> {
    const isRow = `(${key.map((column) => `${quoted(column)} = ?`).join(' AND ')})`;
    const values = rows.flatMap((row) => key.map((column) => keyOf(row[column], mysqlType[column])));
    const name = this.#nameOf(database, table);
    await this.#connection.query(`DELETE FROM ${name} WHERE ${rows.map(() => isRow).join(' OR ')}`, values);
  }

  #nameOf(database: string, table: string): string {
    return `${quoted(this.#databaseOf(database))}.${quoted(table)}`;
  }
}

/** The value to give to MySQL for the text of a column. */
function valueOf(text: string | null | undefined, mysqlType = ''): string | bigint | Buffer | null {
  if (text === null || text === undefined) return null;
  if (/^(var)?binary|blob$|^vector|^geom|^(multi)?(point|linestring|polygon)$/.test(mysqlType))
    return Buffer.from(text, 'base64');
  if (mysqlType.startsWith('bit')) return BigInt(text);
  return text;
}

/**
 * The same to compare the column with. A DECIMAL or an integer that is compared with a text may become a DOUBLE first;
 * a FLOAT is not equal to the DOUBLE that its text is.
 */
function keyOf(
  text: string | null | undefined,
  mysqlType = '',
): ReturnType<typeof valueOf> | { toSqlString(): string } {
  if (typeof text !== 'string' || !/^-?[0-9.]+(e-?[0-9]+)?$/.test(text)) return valueOf(text, mysqlType);
  if (/^((tiny|small|medium|big)?int|decimal)/.test(mysqlType)) return { toSqlString: () => text };
  if (mysqlType.startsWith('float')) return { toSqlString: () => `CAST('${text}' AS FLOAT)` };
  return valueOf(text, mysqlType);
}
