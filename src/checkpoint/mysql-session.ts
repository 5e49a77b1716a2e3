/**
 * One connection for each use, as with mysqlx: a checkpoint a second costs little that way, a rotated password and a
 * name that leads elsewhere by now are followed, and no connection has to be watched.
 */
import { createConnection, type Connection, type ConnectionOptions } from 'mysql2';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RelayError } from '../base/errors.ts';
import { currentSecret } from '../config/config.ts';
import { isWithoutTls } from '../mysql/thrown.ts';
import { tlsOptions, type TlsSettings } from '../mysql/tls-options.ts';
import { locationOf, mysqlError, type MysqlPlace } from './mysql-errors.ts';

export interface MysqlAccess extends MysqlPlace {
  readonly password: string;
  /** Where it stands, when it was read from a file. */
  readonly passwordFile?: string | undefined;
  readonly tls: TlsSettings;
}

/** For everything that one load or save does. */
const DEADLINE_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * What a server may have set otherwise for all: a save is stored when it is answered, and never a cut text; and with
 * backslashes as they are written.
 */
const SESSION_SETTINGS = "SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES'";

/** Values stand in place of `?`. */
export type Query = (sql: string, values?: readonly (string | number)[]) => Promise<QueryResult>;

export interface QueryResult {
  /** Empty unless rows were asked for. */
  readonly rows: readonly unknown[];
  /** Rows that a WHERE found, changed or not. */
  readonly found: number;
}

export class MysqlSessions {
  readonly #access: MysqlAccess;
  readonly #clock: Clock;

  constructor(access: MysqlAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** As RecordPlace says it. */
  async use<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const attempt = async (): Promise<T> => {
      const connection = await this.#connect(over.signal);
      const query = queryOf(connection);
      await query(SESSION_SETTINGS);
      const result = await work(query);
      // What was asked for is done: how the connection ends does not matter any more.
      connection.end(() => undefined);
      return result;
    };
    try {
      return await withDeadline(this.#clock, DEADLINE_MS, attempt(), () => this.#tooLate());
    } catch (thrown) {
      throw mysqlError(thrown, this.#access);
    } finally {
      over.abort();
    }
  }

  async #connect(over: AbortSignal): Promise<Connection> {
    const { host, tls } = this.#access;
    const ssl = tlsOptions(tls, { section: 'checkpoint', code: 'CHECKPOINT_REFUSED', host });
    try {
      return await connected({ ...this.#options(), ...(ssl !== undefined && { ssl }) }, over);
    } catch (thrown) {
      if (tls.mode !== 'preferred' || !isWithoutTls(thrown)) throw thrown;
      return connected(this.#options(), over);
    }
  }

  #options(): ConnectionOptions {
    const { host, port, user, password, passwordFile, database } = this.#access;
    return {
      host,
      port,
      user,
      password: currentSecret(password, passwordFile, 'checkpoint.password', 'CHECKPOINT_REFUSED'),
      // One that is missing is told at the login: of its tables some servers only say that they are missing.
      database,
      connectTimeout: CONNECT_TIMEOUT_MS,
      charset: 'utf8mb4',
      supportBigNumbers: true,
      // Of an UPDATE the rows that its WHERE found. LOCAL INFILE would let a server ask for files of this machine.
      flags: ['FOUND_ROWS', '-LOCAL_FILES'],
      connectAttributes: { program_name: 'binlog-relay checkpoint' },
    };
  }

  #tooLate(): RelayError {
    return new RelayError(
      'CHECKPOINT_UNREACHABLE',
      `${locationOf(this.#access)}: no answer within ${DEADLINE_MS / 1000} s`,
      { section: 'checkpoint' },
    );
  }
}

/** Cut off when `over`, whatever it waits for: nobody waits for it any more then. */
function connected(options: ConnectionOptions, over: AbortSignal): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(options);
    const end = (): void => cutOff(connection);
    if (over.aborted) end();
    over.addEventListener('abort', end, { once: true });
    connection.once('connect', () => resolve(connection));
    // Also what comes later, where no query waits for it.
    connection.on('error', reject);
  });
}

function queryOf(connection: Connection): Query {
  return (sql, values = []) =>
    new Promise((resolve, reject) => {
      connection.query(sql, [...values], (error, result: unknown) => {
        if (error !== null) reject(error);
        else if (Array.isArray(result)) resolve({ rows: result, found: 0 });
        else resolve({ rows: [], found: (result as { readonly affectedRows: number }).affectedRows });
      });
    });
}

/** mysql2 only says goodbye, and leaves the socket open for as long as a dead server does not answer. */
function cutOff(connection: Connection): void {
  connection.destroy();
  (connection as unknown as { readonly stream: { destroy(): void } }).stream.destroy();
}
