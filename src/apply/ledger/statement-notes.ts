import { createHash } from 'node:crypto';
import { RelayError } from '../../base/errors.ts';
import { textLiteral } from '../rows/literal.ts';
import type { AnswerRow, Session } from '../target/target.ts';
import type { LedgerPlace } from './ledger-place.ts';

/** The tables that a statement names, `null` for all of a database; empty when they are not clear. */
export type StatementNames = readonly (readonly [database: string, table: string | null])[];

/** A statement that lanes have come to. */
export interface NotedStatement {
  readonly id: string;
  readonly sql: string;
  readonly names: StatementNames;
  /** In how many lanes it stands. */
  readonly lanes: number;
  /** The newest epoch in which a lane has come to it. */
  readonly epoch: number;
}

/** One that lanes wait at. */
export interface WaitingStatement extends NotedStatement {
  /** How many lanes have come to it in its epoch. */
  readonly arrived: number;
  /** What `noteBefore` has noted: it may have run since. */
  readonly before: string | undefined;
}

/** Columns that a ledger that was made before there were any lacks. */
export const STATEMENT_COLUMNS: Readonly<Record<string, string>> = {
  epoch: 'BIGINT NOT NULL DEFAULT 0',
  names: 'LONGBLOB NULL',
  definition_before: 'LONGBLOB NULL',
};

/** The statements that lanes have come to: `apply_statement`. Methods throw as sessions do. */
export class StatementNotes {
  readonly #place: LedgerPlace;

  constructor(place: LedgerPlace) {
    this.#place = place;
  }

  /** A lane has come to it. `isAgain`: it was done in an earlier epoch, and is to be done again in this one. */
  note(stream: string, { id, sql, names, lanes, epoch }: NotedStatement, isAgain: boolean): string {
    const again = isAgain
      ? `definition_before = IF(epoch < ${epoch}, NULL, definition_before), done_at = IF(epoch < ${epoch}, NULL, done_at), `
      : '';
    return (
      `INSERT INTO ${this.#table} (topic, stream, id, lanes, statement, names, epoch) VALUES (${this.#place.topic}, ` +
      `${textLiteral(stream)}, ${textLiteral(id)}, ${lanes}, ${textLiteral(sql)}, ${textLiteral(JSON.stringify(names))}, ${epoch}) ` +
      `ON DUPLICATE KEY UPDATE ${again}lanes = ${lanes}, epoch = GREATEST(epoch, ${epoch})`
    );
  }

  /** Undefined when no lane has come to it. */
  async standing(
    session: Session,
    stream: string,
    id: string,
  ): Promise<{ readonly isDone: boolean; readonly epoch: number } | undefined> {
    const [row] = await session.query(
      `SELECT epoch, done_at IS NOT NULL AS done FROM ${this.#table} WHERE ${this.#of(stream, id)}`,
    );
    return row === undefined ? undefined : { isDone: row['done'] === '1', epoch: Number(row['epoch']) };
  }

  /** Those that lanes wait at. */
  async waiting(session: Session, stream: string): Promise<readonly WaitingStatement[]> {
    const rows = await session.query(
      `SELECT s.id AS id, s.statement AS statement, s.names AS names, s.definition_before AS before_run, s.lanes AS lanes, s.epoch AS epoch, ` +
        `(SELECT COUNT(*) FROM ${this.#place.table('apply_lane')} l WHERE l.topic = s.topic AND l.stream = s.stream ` +
        `AND l.waits_for = s.id AND (l.epoch = s.epoch OR s.epoch = 0)) AS arrived FROM ${this.#table} s ` +
        `WHERE s.topic = ${this.#place.topic} AND s.stream = ${textLiteral(stream)} AND s.done_at IS NULL HAVING arrived > 0`,
    );
    return rows.map(waitingOf);
  }

  /** Those that are done and have the word in them. */
  async doneRenames(session: Session, stream: string): Promise<readonly NotedStatement[]> {
    const rows = await session.query(
      `SELECT id, statement, names, lanes, epoch FROM ${this.#table} WHERE ${this.#place.of(stream)} AND done_at IS NOT NULL ` +
        "AND LOWER(CONVERT(statement USING utf8mb4)) LIKE '%rename%'",
    );
    return rows.map(notedOf);
  }

  /** What the table is before the statement runs: where it is another later, the statement has run. */
  async noteBefore(session: Session, stream: string, id: string, definition: string): Promise<void> {
    await session.query(
      `UPDATE ${this.#table} SET definition_before = ${textLiteral(definition)} WHERE ${this.#of(stream, id)}`,
    );
  }

  async markDone(session: Session, stream: string, id: string): Promise<void> {
    await session.query(`UPDATE ${this.#table} SET done_at = UTC_TIMESTAMP(6) WHERE ${this.#of(stream, id)}`);
  }

  /**
   * What `task` gives while no other session runs statements of this ledger and topic; undefined when one does. It ends
   * with the session at the latest, and with what the session has under way.
   */
  async alone<T>(session: Session, task: () => Promise<T>): Promise<T | undefined> {
    const name = `binlog-relay-${createHash('sha1').update(`${this.#table}\n${this.#place.topic}`).digest('hex')}`;
    const [row] = await session.query(`SELECT GET_LOCK(${textLiteral(name)}, 0) AS got`);
    if (row?.['got'] !== '1') return undefined;
    try {
      return await task();
    } finally {
      if (!session.isOver) await session.query(`DO RELEASE_LOCK(${textLiteral(name)})`);
    }
  }

  get #table(): string {
    return this.#place.table('apply_statement');
  }

  #of(stream: string, id: string): string {
    return `${this.#place.of(stream)} AND id = ${textLiteral(id)}`;
  }
}

function notedOf(row: AnswerRow): NotedStatement {
  return {
    id: row['id'] ?? '',
    sql: row['statement'] ?? '',
    names: namesOf(row['names'] ?? '[]', row['id'] ?? ''),
    lanes: Number(row['lanes']),
    epoch: Number(row['epoch']),
  };
}

function waitingOf(row: AnswerRow): WaitingStatement {
  return { ...notedOf(row), arrived: Number(row['arrived']), before: row['before_run'] ?? undefined };
}

function namesOf(json: string, id: string): StatementNames {
  try {
    return JSON.parse(json) as StatementNames;
  } catch {
    throw new RelayError('LEDGER_UNUSABLE', `of the statement ${id} the ledger has tables that cannot be read`);
  }
}
