/** Replays messages into a copy of the database, the way a reader would, and proves on the way that nothing is missing. */
import type { Connection, Pool } from 'mysql2/promise';

type Row = Readonly<Record<string, string | null>>;

/** What a reader needs of a message's body; see docs/message-format.md. */
export interface MessageBody {
  readonly database: string;
  readonly table: string;
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly pkNames: readonly string[];
  readonly mysqlType: Readonly<Record<string, string>>;
  readonly data: readonly Row[];
  readonly old: readonly Row[] | null;
  readonly source: string;
  readonly changes: readonly string[];
  readonly gtid: string;
  readonly es: number;
  readonly ts: number;
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
}

export class Replay {
  readonly counts: ReplayCounts = { messages: 0, changes: 0, messagesRepeated: 0, changesRepeated: 0 };
  readonly #connection: Connection | Pool;
  readonly #databaseOf: (database: string) => string;
  /** By stream and lane. */
  readonly #lanes = new Map<string, { epoch: number; sequence: number }>();
  readonly #seen = new Set<string>();
  /** The last write of each lane. */
  readonly #written = new Map<string, Promise<void>>();

  /** `connection`: with `time_zone = '+00:00'` and an empty `sql_mode`. */
  constructor(connection: Connection | Pool, databaseOf: (database: string) => string) {
    this.#connection = connection;
    this.#databaseOf = databaseOf;
  }

  /** Applies one message. Throws when messages before it are missing. Returns its body. */
  async apply(message: ReplayedMessage): Promise<MessageBody> {
    const body = JSON.parse(message.body.toString()) as MessageBody;
    if (!this.#isNew(message)) {
      this.counts.messagesRepeated += 1;
      return body;
    }
    this.counts.messages += 1;
    const fresh = body.data.filter((_, i) => this.#isNewChange(body, i));
    this.counts.changes += fresh.length;
    this.counts.changesRepeated += body.data.length - fresh.length;
    if (fresh.length > 0) await this.#inLaneOrder(message.lane, () => this.#write(body, fresh));
    return body;
  }

  /** Several readers may be at work: a message that was handed out again must not let the next of its lane overtake it. */
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

  #isNewChange({ database, table, source, changes }: MessageBody, i: number): boolean {
    const id = `${database}.${table} ${source}:${changes[i]}`;
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    return true;
  }

  async #write({ database, table, type, pkNames, mysqlType }: MessageBody, rows: readonly Row[]): Promise<void> {
    const name = `${quoted(this.#databaseOf(database))}.${quoted(table)}`;
    if (type === 'DELETE') {
      const keys = rows.map((row) => pkNames.map((column) => valueOf(row[column], mysqlType[column])));
      await this.#connection.query(`DELETE FROM ${name} WHERE (${pkNames.map(quoted).join()}) IN (?)`, [keys]);
      return;
    }
    const columns = Object.keys(rows[0] ?? {});
    const values = rows.map((row) => columns.map((column) => valueOf(row[column], mysqlType[column])));
    await this.#connection.query(`REPLACE INTO ${name} (${columns.map(quoted).join()}) VALUES ?`, [values]);
  }
}

/** The value to give to MySQL for the text of a column. */
function valueOf(text: string | null | undefined, mysqlType = ''): string | bigint | Buffer | null {
  if (text === null || text === undefined) return null;
  if (/^(var)?binary|blob$|^vector|^geom|(point|linestring|polygon)$/.test(mysqlType))
    return Buffer.from(text, 'base64');
  if (mysqlType.startsWith('bit')) return BigInt(text);
  return text;
}

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
