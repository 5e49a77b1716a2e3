import { RelayError } from '../../base/errors.ts';
import type { ApplyConfig } from '../../config/config.ts';
import { textLiteral } from '../rows/literal.ts';
import type { AnswerRow, Session } from '../target/target.ts';
import type { Complete } from '../apply.ts';
import { completeOf } from './complete.ts';
import { LANE_COLUMNS, laneAssignments, laneStateOf, type LaneState } from './lane-state.ts';
import { LedgerPlace, topicInLedger, type TableOfSource } from './ledger-place.ts';
import { prepareLedger } from './prepare-ledger.ts';
import { StatementNotes } from './statement-notes.ts';

export type { LaneState } from './lane-state.ts';
export { tableKey, topicInLedger, type TableOfSource } from './ledger-place.ts';
export type { WaitingStatement } from './statement-notes.ts';

/** The stream that the topic is read of. */
export interface LedgerStream {
  readonly stream: string;
  /** Lanes may begin in the middle: what was before is copied. */
  readonly fromHere: boolean;
}

/**
 * What the target knows of the topic, in tables beside the copy: moved in the transactions of the rows. Built for one
 * topic; its methods throw as sessions do, and LEDGER_UNUSABLE.
 */
export class Ledger {
  /** The statements that lanes have come to. */
  readonly statements: StatementNotes;
  readonly #database: string;
  readonly #place: LedgerPlace;

  constructor(database: string, source: Pick<ApplyConfig['source'], 'namespace' | 'topic'>) {
    this.#database = database;
    this.#place = new LedgerPlace(database, topicInLedger(source));
    this.statements = new StatementNotes(this.#place);
  }

  /** Makes what is missing. Throws TARGET_GRANT_MISSING with what to run, too. */
  prepare(session: Session): Promise<void> {
    return prepareLedger(session, this.#database);
  }

  async stream(session: Session): Promise<LedgerStream | undefined> {
    const [row] = await session.query(
      `SELECT stream, from_here FROM ${this.#place.table('apply_stream')} WHERE topic = ${this.#place.topic}`,
    );
    return row === undefined ? undefined : { stream: textOf(row, 'stream'), fromHere: row['from_here'] === '1' };
  }

  async setStream(session: Session, { stream, fromHere }: LedgerStream): Promise<void> {
    await session.query(
      `REPLACE INTO ${this.#place.table('apply_stream')} (topic, stream, from_here, since) ` +
        `VALUES (${this.#place.topic}, ${textLiteral(stream)}, ${Number(fromHere)}, UTC_TIMESTAMP(6))`,
    );
  }

  /** By lane. */
  async lanes(session: Session, stream: string): Promise<ReadonlyMap<string, LaneState>> {
    const rows = await session.query(
      `SELECT lane, ${LANE_COLUMNS} FROM ${this.#place.table('apply_lane')} WHERE ${this.#place.of(stream)}`,
    );
    return new Map(rows.map((row) => [textOf(row, 'lane'), laneStateOf(row, textOf(row, 'lane'))]));
  }

  /** Up to where all lanes are written; of one moment where the session has a view of one. See `completeOf`. */
  async complete(session: Session): Promise<Complete | undefined> {
    const current = await this.stream(session);
    return current === undefined ? undefined : completeOf((await this.lanes(session, current.stream)).values());
  }

  /** As it is committed; a lane that is new has nothing but the sequence 0. */
  async lane(session: Session, stream: string, lane: string): Promise<LaneState> {
    const sql =
      `SELECT ${LANE_COLUMNS} FROM ${this.#place.table('apply_lane')} ` +
      `WHERE ${this.#place.of(stream)} AND lane = ${textLiteral(lane)}`;
    const [row] = await session.query(sql);
    if (row !== undefined) return laneStateOf(row, lane);
    await session.query(
      `INSERT INTO ${this.#place.table('apply_lane')} (topic, stream, lane, epoch, sequence, gtid, committed_ms, applied_at) VALUES ` +
        `(${this.#place.topic}, ${textLiteral(stream)}, ${textLiteral(lane)}, 0, 0, "", 0, UTC_TIMESTAMP(6)) ` +
        'ON DUPLICATE KEY UPDATE sequence = sequence',
    );
    const [made] = await session.query(sql);
    if (made === undefined) throw new RelayError('LEDGER_UNUSABLE', `the ledger has no row of lane ${lane}`);
    return laneStateOf(made, lane);
  }

  /**
   * Moves the lane; first in the transaction of its rows. Where the lane is not as `from` says, another has written
   * it: the statement fails, and the packet that it stands in ends there.
   */
  moveLane(stream: string, lane: string, from: LaneState, to: LaneState): string {
    return (
      `UPDATE ${this.#place.table('apply_lane')} SET sequence = IF(epoch = ${from.epoch} AND sequence = ${from.sequence}, ${to.sequence}, -1), ` +
      `${laneAssignments(from, to)} WHERE ${this.#place.of(stream)} AND lane = ${textLiteral(lane)}`
    );
  }

  /** Tables without a key, of which a copy has begun in the lane. */
  async replacements(session: Session, stream: string, lane: string): Promise<readonly Replacement[]> {
    const rows = await session.query(
      `SELECT database_name, table_name, mark, state FROM ${this.#place.table('apply_replacement')} WHERE ${this.#place.of(stream)} AND lane = ${textLiteral(lane)}`,
    );
    return rows.map((row) => ({
      table: { database: textOf(row, 'database_name'), table: textOf(row, 'table_name') },
      mark: textOf(row, 'mark'),
      state: STATES[Number(row['state'])] ?? 'done',
    }));
  }

  /** The copy has begun in the lane. `lanes`: how many lanes the mark stands in. */
  async beginReplacement(
    session: Session,
    { stream, lane }: { readonly stream: string; readonly lane: string },
    table: TableOfSource,
    mark: string,
    lanes: number,
  ): Promise<void> {
    await session.query(
      `REPLACE INTO ${this.#place.table('apply_replacement')} (topic, stream, lane, database_name, table_name, mark, lanes, state) VALUES (` +
        `${this.#place.topic}, ${textLiteral(stream)}, ${textLiteral(lane)}, ${textLiteral(table.database)}, ` +
        `${textLiteral(table.table)}, ${textLiteral(mark)}, ${lanes}, 0)`,
    );
  }

  /** The marks with which copies of the table have begun, in whichever lane. */
  async marks(session: Session, stream: string, table: TableOfSource): Promise<readonly string[]> {
    const rows = await session.query(
      `SELECT DISTINCT mark FROM ${this.#place.table('apply_replacement')} WHERE ${this.#place.ofTable(stream, table)}`,
    );
    return rows.map((row) => textOf(row, 'mark'));
  }

  /** A copy that replaces the rows of the table has begun in some lane, and they are not removed yet. */
  async isBeingReplaced(session: Session, stream: string, table: TableOfSource): Promise<boolean> {
    const rows = await session.query(
      `SELECT lane FROM ${this.#place.table('apply_replacement')} WHERE ${this.#place.ofTable(stream, table)} AND state <> 2 LIMIT 1`,
    );
    return rows.length > 0;
  }

  /** The lane has come to the end of the copy; it says something only where no row of the table has come. */
  endReplacement(stream: string, lane: string, table: TableOfSource): string {
    return `UPDATE ${this.#place.table('apply_replacement')} SET state = 1 WHERE ${this.#place.ofTable(stream, table)} AND lane = ${textLiteral(lane)} AND state = 0`;
  }

  /** The old rows are removed: for all lanes. */
  finishReplacement(stream: string, table: TableOfSource, mark: string): string {
    return `UPDATE ${this.#place.table('apply_replacement')} SET state = 2 WHERE ${this.#place.ofTable(stream, table)} AND mark = ${textLiteral(mark)}`;
  }

  /** Whether all lanes have come to the end of the copy without a row of the table; locks what says so. */
  async hasEndedInAllLanes(session: Session, stream: string, table: TableOfSource, mark: string): Promise<boolean> {
    const rows = await session.query(
      `SELECT state, lanes FROM ${this.#place.table('apply_replacement')} WHERE ${this.#place.ofTable(stream, table)} AND mark = ${textLiteral(mark)} FOR UPDATE`,
    );
    return rows.length > 0 && rows.every((row) => row['state'] === '1' && Number(row['lanes']) === rows.length);
  }

  /** Of these transactions, the newest change of the table that is written. */
  async changes(
    session: Session,
    stream: string,
    table: TableOfSource,
    transactions: readonly string[],
  ): Promise<ReadonlyMap<string, number>> {
    const list = transactions.map(textLiteral).join();
    const rows = await session.query(
      `SELECT transaction, last_change FROM ${this.#place.table('apply_change')} WHERE ${this.#place.ofTable(stream, table)} AND transaction IN (${list})`,
    );
    return new Map(rows.map((row) => [textOf(row, 'transaction'), Number(row['last_change'])]));
  }

  /** `known`: what `changes` gave; it is never taken back. */
  noteChanges(
    stream: string,
    table: TableOfSource,
    newest: ReadonlyMap<string, number>,
    known: ReadonlyMap<string, number>,
  ): string {
    const rows = [...newest].map(
      ([transaction, n]) =>
        `(${this.#place.topic}, ${textLiteral(stream)}, ${textLiteral(table.database)}, ${textLiteral(table.table)}, ` +
        `${textLiteral(transaction)}, ${Math.max(n, known.get(transaction) ?? 0)}, UTC_TIMESTAMP(6))`,
    );
    return (
      `REPLACE INTO ${this.#place.table('apply_change')} (topic, stream, database_name, table_name, transaction, last_change, applied_at) ` +
      `VALUES ${rows.join()}`
    );
  }

  /** All rows of the table are removed, and those that come from here on are new, should they come again. */
  async forgetChangesOf(session: Session, stream: string, table: TableOfSource): Promise<void> {
    await session.query(`DELETE FROM ${this.#place.table('apply_change')} WHERE ${this.#place.ofTable(stream, table)}`);
  }

  /**
   * Forgets changes of tables without a key that are older than so many days; some at a time. True: there are more.
   */
  async forgetChanges(session: Session, days: number): Promise<boolean> {
    const [{ found } = { found: 0 }] = await session.run([
      Buffer.from(
        `DELETE FROM ${this.#place.table('apply_change')} WHERE applied_at < UTC_TIMESTAMP(6) - INTERVAL ${days} DAY LIMIT ${FORGET_ROWS}`,
      ),
    ]);
    return found === FORGET_ROWS;
  }
}

const FORGET_ROWS = 10_000;

/** Rows of a table without a key come anew: those before are to be removed at the first of them. */
export interface Replacement {
  readonly table: TableOfSource;
  /** Id of the mark that the copy began with. */
  readonly mark: string;
  /**
   * `ended`: the lane has come to the end of the copy, and to no row of the table. `done`: the old rows are removed.
   */
  readonly state: 'begun' | 'ended' | 'done';
}

const STATES = ['begun', 'ended', 'done'] as const;

const textOf = (row: AnswerRow, name: string): string => row[name] ?? '';
