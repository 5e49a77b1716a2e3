/** Messages as they come from the topic, made by hand, and what writes them into a real target. */
import { pino } from 'pino';
import type { StatementNames } from '../../src/apply/ledger/statement-notes.ts';
import { Ledger } from '../../src/apply/ledger/ledger.ts';
import { LaneWriter } from '../../src/apply/run/lane-writer.ts';
import type { WriterOptions } from '../../src/apply/run/writer-options.ts';
import { MetStatements } from '../../src/apply/run/met-statements.ts';
import { Streams, type StreamChoice } from '../../src/apply/run/streams.ts';
import { tableChoice } from '../../src/apply/run/table-choice.ts';
import { StatementRunner } from '../../src/apply/statements/runner.ts';
import { Tables, type TablesOptions } from '../../src/apply/tables/tables.ts';
import { openSession } from '../../src/apply/target/session.ts';
import type { Session } from '../../src/apply/target/target.ts';
import type { ApplyConfig } from '../../src/config/config.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { TopicMessage } from '../../src/topic/topic.ts';
import { body, type BodyParts } from '../unit/apply/rows/bodies.ts';
import { targetOf } from './round-trip/apply-sink.ts';
import { sharedMysql } from './servers.ts';

export interface Place {
  readonly lane?: string;
  readonly stream?: string;
  readonly epoch?: number;
  readonly sequence: number;
  readonly properties?: Readonly<Record<string, string>>;
}

function message(place: Place, properties: Readonly<Record<string, string>>, bytes: Buffer): TopicMessage {
  const { lane = 'lane-0', stream = 's1', epoch = 1, sequence } = place;
  return {
    topic: 'orders',
    lane,
    tag: 'shop.orders',
    keys: [],
    properties: new Map(
      Object.entries({
        format: 'canal-json',
        schema: 'shop',
        table: 'orders',
        stream,
        epoch: String(epoch),
        sequence: String(sequence),
        first: `uuid:${sequence}#0`,
        last: `uuid:${sequence}#0`,
        ...(sequence === 1 && { resume: 'binlog.000001:4' }),
        ...properties,
        ...place.properties,
      }),
    ),
    body: bytes,
    broker: 'broker-a',
    queue: 3,
    offset: BigInt(100 + sequence),
    attempt: 1,
  };
}

export function rows(place: Place, parts: BodyParts): TopicMessage {
  return message(place, { kind: parts.kind ?? 'INSERT', rows: String(parts.data.length) }, body(parts));
}

export function statement(
  place: Place,
  id: string,
  sql: string,
  lanes: number,
  tables: StatementNames = [['shop', 'orders']],
): TopicMessage {
  const bytes = Buffer.from(JSON.stringify({ source: 'uuid', changes: [id], sql, tables, isDdl: true }));
  return message(place, { kind: 'ALTER', rows: '0', lanes: String(lanes) }, bytes);
}

export function progress(place: Place, round: number, gtidSet: string, lanes: number): TopicMessage {
  const said = { progress: { gtidSet }, position: `binlog.000001:${round}`, es: 1000 * round };
  const bytes = Buffer.from(JSON.stringify({ source: 'progress/1', changes: [`${round}#0`], sql: '', ...said }));
  const properties = { kind: 'CREATE', rows: '0', lanes: String(lanes), schema: '*', table: '*' };
  return { ...message(place, properties, bytes), tag: 'progress' };
}

export function copyMark(
  place: Place,
  mark: 'begin' | 'end',
  sql: string,
  replaces: boolean,
  lanes: number,
  id = '1',
): TopicMessage {
  const copy = { id, mark, rows: 0, replaces, gtidSet: '' };
  const bytes = Buffer.from(
    JSON.stringify({ source: `copy/${id}/1`, changes: [`${mark === 'begin' ? 1 : 2}#0`], sql, copy }),
  );
  return message(place, { kind: 'CREATE', rows: '0', lanes: String(lanes), copy: id, copyMark: mark }, bytes);
}

export interface WritingOptions extends Partial<StreamChoice>, Partial<TablesOptions> {
  readonly statements?: ApplyConfig['statements'];
  /** Tables of the source that are written, as `tables.include` has them. */
  readonly include?: readonly string[];
}

/** One process of apply: its lanes, and a session. */
export class Writing {
  readonly session: Session;
  readonly ledger: Ledger;
  dropped = 0;
  rows = 0;
  readonly awaited: string[] = [];
  readonly #options: WriterOptions;
  readonly #writers = new Map<string, LaneWriter>();

  private constructor(session: Session, database: string, ledger: Ledger, streams: Streams, options: WritingOptions) {
    this.session = session;
    this.ledger = ledger;
    const logger = pino({ level: 'silent' });
    const choice = tableChoice({ include: options.include ?? ['*.*'], exclude: [] });
    const tables = new Tables({
      rename: options.rename ?? { shop: database },
      create: options.create ?? false,
      keepsUniqueKeys: options.keepsUniqueKeys ?? false,
      softDelete: options.softDelete,
      logger,
    });
    const runner = new StatementRunner({
      ledger,
      tables,
      includes: (name, table) => choice.includes(name, table),
      logger,
    });
    this.#options = {
      ledger,
      streams,
      tables,
      choice,
      deletes: 'apply',
      statements: new MetStatements(ledger, options.statements ?? 'stop', runner),
      onCommitted: (_lane, _state, written) => void (this.rows += written.rows),
      onDropped: () => void (this.dropped += 1),
      onPassed: () => undefined,
      onAwaited: (table) => void this.awaited.push(table),
      onCopyBegun: () => undefined,
    };
  }

  /** Rows of `shop` go to `database`, where the ledger is too. */
  static async begin(database: string, options: WritingOptions = {}): Promise<Writing> {
    const session = await openSession(targetOf(sharedMysql()), systemClock, new AbortController().signal);
    const ledger = new Ledger(database, { namespace: '', topic: 'orders' });
    await ledger.prepare(session);
    const streams = new Streams(ledger, { acceptNew: options.acceptNew ?? false, fromHere: options.fromHere ?? false });
    await streams.load(session);
    return new Writing(session, database, ledger, streams, options);
  }

  /** Of one lane. Returns how many are done. */
  write(...messages: readonly TopicMessage[]): Promise<number> {
    const lane = messages[0]?.lane ?? '';
    const writer = this.#writers.get(lane) ?? new LaneWriter(lane, this.#options);
    this.#writers.set(lane, writer);
    return writer.write(this.session, messages);
  }

  end(): void {
    this.session.destroy();
  }
}
