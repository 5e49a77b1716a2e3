/**
 * The writer of a test: it runs statements, and says by what the server holds before and after them what must be
 * published.
 */
import type { Connection } from 'mysql2/promise';
import { expect } from 'vitest';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import type { TableFilter } from '../../src/change/table-filter.ts';
import type { RecordingRelay } from './recording-relay.ts';
import { CRASH, type Step } from './schema-changes.ts';
import { connectMysql } from './servers.ts';
import { publishedChange, stateChange, tableStates, type RowCounts } from './table-states.ts';

const DATABASES = ['shop', 'hidden'];

/** The transactions of one step, and what they must publish. */
export interface Expected {
  readonly step: Step;
  readonly from: number;
  readonly to: number;
  readonly change: RowCounts;
}

/** Runs the steps, and says what each has changed by what the server holds before and after it. */
export class Author {
  readonly serverUuid: string;
  /** What was executed before the first step. */
  readonly gtidSet: string;
  readonly #mysql: MysqlServer;
  readonly #filter: TableFilter;
  #sessions: readonly [Connection, Connection];
  #gno: number;

  private constructor(
    mysql: MysqlServer,
    filter: TableFilter,
    sessions: readonly [Connection, Connection],
    executed: readonly [serverUuid: string, gtidSet: string],
  ) {
    this.#mysql = mysql;
    this.#filter = filter;
    this.#sessions = sessions;
    [this.serverUuid, this.gtidSet] = executed;
    this.#gno = lastGno(this.gtidSet, this.serverUuid);
  }

  /** In fresh schemas `shop` and `hidden` of a server that nobody else writes to. */
  static async start(mysql: MysqlServer, filter: TableFilter): Promise<Author> {
    const sessions = await openSessions(mysql);
    const [first] = sessions;
    for (const database of DATABASES)
      await first.query(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    for (const session of sessions) await session.query('USE shop');
    return new Author(mysql, filter, sessions, await executed(first));
  }

  async do(step: Step): Promise<Expected> {
    if (step === CRASH) {
      await this.end();
      await this.#mysql.kill9();
      await this.#mysql.start();
      this.#sessions = await openSessions(this.#mysql);
      for (const session of this.#sessions) await session.query('USE shop');
    }
    const [first, second] = this.#sessions;
    const before = await this.#states();
    for (const statement of statementsOf(step)) {
      const [, isSecond, sql = ''] = /^(2: )?(.*)$/s.exec(statement) ?? [];
      await (isSecond === undefined ? first : second).query(sql);
    }
    const isQuiet = typeof step === 'object' && 'quiet' in step;
    const change: RowCounts = isQuiet ? new Map<string, number>() : stateChange(before, await this.#states());
    const from = this.#gno;
    this.#gno = lastGno((await executed(first))[1], this.serverUuid);
    return { step, from, to: this.#gno, change };
  }

  /**
   * One statement, without asking what it changes: much takes long to read. Returns the number of the last transaction.
   */
  async run(statement: string): Promise<number> {
    const [first] = this.#sessions;
    await first.query(statement);
    this.#gno = lastGno((await executed(first))[1], this.serverUuid);
    return this.#gno;
  }

  async end(): Promise<void> {
    for (const session of this.#sessions) await session.end();
  }

  async #states(): Promise<RowCounts> {
    const counts: RowCounts = new Map();
    const reader = await connectMysql(this.#mysql);
    try {
      await reader.query("SET time_zone = '+00:00'");
      for (const database of DATABASES) {
        const states = await tableStates(reader, database, (table) => this.#filter.includes(database, table));
        for (const [row, n] of states) counts.set(row, n);
      }
    } finally {
      await reader.end();
    }
    return counts;
  }
}

function statementsOf(step: Step): readonly string[] {
  if (typeof step === 'string') return [step];
  if ('crash' in step) return [];
  return 'quiet' in step ? [step.quiet] : step;
}

async function openSessions(mysql: MysqlServer): Promise<[Connection, Connection]> {
  const sessions: [Connection, Connection] = [await connectMysql(mysql), await connectMysql(mysql)];
  for (const session of sessions) await session.query("SET time_zone = '+00:00'");
  return sessions;
}

async function executed(connection: Connection): Promise<[serverUuid: string, gtidSet: string]> {
  const [rows] = await connection.query({ sql: 'SELECT @@server_uuid, @@GLOBAL.gtid_executed', rowsAsArray: true });
  const [[serverUuid = '', gtidSet = ''] = []] = rows as unknown as string[][];
  return [serverUuid, gtidSet.replaceAll('\n', '')];
}

/** The last transaction of `serverUuid` in a GTID set that must have neither gaps nor tags; 0: none. */
function lastGno(gtidSet: string, serverUuid: string): number {
  const own = gtidSet.split(',').find((text) => text.startsWith(serverUuid));
  if (own === undefined) return 0;
  const [, last] = /^:(?:1-)?(\d+)$/.exec(own.slice(serverUuid.length)) ?? [];
  if (last === undefined) throw new Error(`${own} has gaps or tags`);
  return Number(last);
}

export function expectPublished(relay: RecordingRelay, { step, from, to, change }: Expected): void {
  const bodies = relay.messages.map(({ body }) => body);
  const published = publishedChange(bodies, (gno) => gno > from && gno <= to);
  expect(Object.fromEntries(published), JSON.stringify(step)).toEqual(Object.fromEntries(change));
}
