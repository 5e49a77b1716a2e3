import { createConnection, type ConnectionOptions, type RowDataPacket } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import type { Clock } from '../base/clock.ts';
import { isWithoutTls, lineError } from '../mysql/thrown.ts';
import { bareOf } from './bare-connection.ts';
import { connectionOptions, plainOptions, type ConnectionSettings } from './connection-options.ts';
import { sourceError } from './mysql-errors.ts';
import { textOf, type Row } from './rows.ts';
import { mariadbIdentity } from './mariadb-server.ts';
import { rowPackets, type TakePacket } from './row-packets.ts';
import { parseVersion, type ServerVersion } from './server-version.ts';

/**
 * The server closes the connection after this long without a word, and frees its locks: so long a host that died can
 * hold them. Sessions that hold a lock may have another: see LockTimes.
 */
export const SESSION_TIMEOUT_SECONDS = 60;
/** Beyond it the server, or the line, is taken for dead. */
const QUERY_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 1000;

/**
 * What every session depends on, and a server may have set otherwise for all: how long it lives without a word, how
 * long a statement may take (GET_LOCK waits), how texts in statements are read, and that an answer is given whole. Of
 * the comments with a version each server reads its own only.
 */
const sessionSettings = (timeoutSeconds: number): string =>
  `SET SESSION wait_timeout = ${timeoutSeconds}, lock_wait_timeout = ${SESSION_TIMEOUT_SECONDS}, sql_mode = '', autocommit = 1, ` +
  'sql_select_limit = 18446744073709551615, sql_big_selects = 1 /*!50708 , max_execution_time = 0 */ /*M! , max_statement_time = 0 */';

/** One connection for statements. Every method throws RelayErrors; after SOURCE_UNREACHABLE it is over. */
export interface ControlSession {
  /** Monotonic: when the newest statement was sent that the server has answered. */
  readonly answeredMs: number;
  /** The same in ms since 1970: on a machine that was suspended the monotonic clock may have stood still. */
  readonly answeredAtMs: number;
  /** What the connection was made with: a dump connection made with the same has the same encryption. */
  readonly options: ConnectionOptions;
  readonly isEncrypted: boolean;
  readonly version: ServerVersion;
  /** Of MariaDB what stands for it: mariadbIdentity. */
  readonly serverUuid: string;
  /** OFF for MariaDB, whose GTIDs have no mode. */
  readonly gtidMode: string;
  /** `timeoutMs` replaces the usual 30 s for statements that wait. */
  query(sql: string, values?: readonly string[], timeoutMs?: number): Promise<readonly Row[]>;
  /**
   * Hands over the rows of a SELECT, each as its packet of the text protocol: `b[from, end)`, valid during the call
   * only. Resolves with true after the last row; with false when `take` returned false: it wants no more, and the
   * session is over. A row has to come every `timeoutMs`, the usual 30 s unless given.
   */
  rows(sql: string, take: TakePacket, timeoutMs?: number): Promise<boolean>;
  /** Stops reading from the socket, and goes on: while `rows` hands over more than there is room for. */
  pause(): void;
  resume(): void;
  /** Frees the locks and ends the connection, within a second whatever the server does. */
  close(): Promise<void>;
  destroy(): void;
}

/**
 * Connects, with `onLost` called once if the connection ends other than by `close` or `destroy`. When `closing` aborts,
 * it and every statement that has no answer yet fail at once. `timeoutSeconds`: after so long without a word the server
 * ends it.
 */
export async function openControlSession(
  settings: ConnectionSettings,
  clock: Clock,
  onLost: () => void,
  closing: AbortSignal,
  timeoutSeconds = SESSION_TIMEOUT_SECONDS,
): Promise<ControlSession> {
  const { connection, options } = await connect(settings, closing);
  let isOver = false;
  /** Ends what has no answer yet: mysql2 does not, on a connection that is destroyed. */
  const ending = new AbortController();
  const close = (): void => {
    ending.abort();
  };
  closing.addEventListener('abort', close, { once: true });
  if (closing.aborted) close();
  let answeredMs = 0;
  let answeredAtMs = 0;
  /** To be called before a statement is sent; the result when it was answered. */
  const asks = (): (() => void) => {
    const [askedMs, askedAtMs] = [clock.monotonic(), clock.now()];
    return () => {
      answeredMs = askedMs;
      answeredAtMs = askedAtMs;
    };
  };
  let isPaused = false;
  const over = (): void => {
    isOver = true;
    closing.removeEventListener('abort', close);
    cutOff(connection);
    close();
  };
  const lost = (): void => {
    if (isOver) return;
    over();
    onLost();
  };
  connection.on('error', lost);
  connection.on('end', lost);

  const query = async (
    sql: string,
    values: readonly string[] = [],
    timeoutMs = QUERY_TIMEOUT_MS,
  ): Promise<readonly Row[]> => {
    const isAnswered = asks();
    try {
      const work = connection.query<RowDataPacket[]>({
        sql,
        values: [...values],
        typeCast: (field) => field.string(),
      });
      const [rows] = await answered(work, timeoutMs, ending.signal);
      isAnswered();
      return rows;
    } catch (thrown) {
      const error = sourceError(thrown, settings);
      if (error.code === 'SOURCE_UNREACHABLE') lost();
      throw error;
    }
  };

  const rows = async (sql: string, take: TakePacket, timeoutMs = QUERY_TIMEOUT_MS): Promise<boolean> => {
    const isAnswered = asks();
    try {
      const isWhole = await answered(
        rowPackets(connection, sql, take, timeoutMs, () => isPaused),
        undefined,
        ending.signal,
      );
      if (!isWhole) lost();
      isAnswered();
      return isWhole;
    } catch (thrown) {
      const error = sourceError(thrown, settings);
      if (error.code === 'SOURCE_UNREACHABLE') lost();
      throw error;
    }
  };

  try {
    await query(sessionSettings(timeoutSeconds));
    const variables = new Map(
      (
        await query(
          "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment', 'server_id', 'server_uuid', 'gtid_mode')",
        )
      ).map((row) => [textOf(row, 'Variable_name'), textOf(row, 'Value')]),
    );
    const version = parseVersion(variables.get('version') ?? '', variables.get('version_comment') ?? '');
    const cipher = await query("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    return {
      get answeredMs() {
        return answeredMs;
      },
      get answeredAtMs() {
        return answeredAtMs;
      },
      options,
      isEncrypted: (cipher[0]?.['Value'] ?? '') !== '',
      version,
      serverUuid:
        version.flavour === 'mariadb'
          ? mariadbIdentity(variables.get('server_id') ?? '')
          : (variables.get('server_uuid') ?? ''),
      gtidMode: variables.get('gtid_mode') ?? 'OFF',
      query,
      rows,
      pause: () => {
        isPaused = true;
        bareOf(connection).pause();
      },
      resume: () => {
        isPaused = false;
        bareOf(connection).resume();
      },
      close: async () => {
        isOver = true;
        // The answer tells that the locks are free; on a dead line there is none, and nobody to wait for.
        const freed = connection.query('DO RELEASE_ALL_LOCKS()');
        await answered(freed, CLOSE_TIMEOUT_MS, new AbortController().signal).catch(() => undefined);
        connection.end().catch(() => undefined);
        over();
      },
      destroy: over,
    };
  } catch (error) {
    over();
    throw error;
  }
}

async function connect(
  settings: ConnectionSettings,
  closing: AbortSignal,
): Promise<{ readonly connection: Connection; readonly options: ConnectionOptions }> {
  const options = connectionOptions(settings);
  try {
    return { connection: await connected(options, closing), options };
  } catch (thrown) {
    if (settings.tls.mode !== 'preferred' || !isWithoutTls(thrown)) throw sourceError(thrown, settings);
  }
  const plain = plainOptions(settings);
  try {
    return { connection: await connected(plain, closing), options: plain };
  } catch (thrown) {
    throw sourceError(thrown, settings);
  }
}

async function connected(options: ConnectionOptions, closing: AbortSignal): Promise<Connection> {
  const bare = createConnection(options);
  const connection = bare.promise();
  const shaken = new Promise<void>((resolve, reject) => {
    bare.once('connect', () => resolve());
    bare.once('error', reject);
  });
  try {
    await answered(shaken, undefined, closing);
    return connection;
  } catch (thrown) {
    bare.on('error', () => undefined);
    cutOff(connection);
    throw thrown;
  }
}

/**
 * What `work` gives, unless it takes longer than `timeoutMs`, or `closing` aborts. Not by mysql2's own time-out, which
 * begins when the statements before it are answered, and keeps the process alive after the connection is destroyed.
 */
async function answered<T>(work: Promise<T>, timeoutMs: number | undefined, closing: AbortSignal): Promise<T> {
  let giveUp: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const unanswered = new Promise<never>((_resolve, reject) => {
    const fail = (text: string): void => {
      reject(lineError(text));
    };
    giveUp = () => fail('the connection is being closed');
    closing.addEventListener('abort', giveUp, { once: true });
    if (closing.aborted) giveUp();
    if (timeoutMs !== undefined) timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
  });
  try {
    return await Promise.race([work, unanswered]);
  } finally {
    clearTimeout(timer);
    closing.removeEventListener('abort', giveUp);
  }
}

/** mysql2 only says goodbye, and leaves the socket open for as long as a dead server does not answer. */
function cutOff(connection: Connection): void {
  connection.destroy();
  bareOf(connection).stream.destroy();
}
