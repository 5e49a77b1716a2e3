import { createConnection, type Connection, type ConnectionOptions } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2';
import { connectionOptions, plainOptions, type ConnectionSettings } from './connection-options.ts';
import { isWithoutTls, sourceError } from './mysql-errors.ts';
import { textOf, type Row } from './rows.ts';
import { parseVersion, type ServerVersion } from './server-version.ts';

/** The server closes the connection after this long without a word, and frees its locks: so long a host that died can hold them. */
export const SESSION_TIMEOUT_SECONDS = 60;
/** Beyond it the server, or the line, is taken for dead. */
const QUERY_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 1000;

/** One connection for statements. Every method throws RelayErrors; after SOURCE_UNREACHABLE it is over. */
export interface ControlSession {
  /** What the connection was made with: a dump connection made with the same has the same encryption. */
  readonly options: ConnectionOptions;
  readonly isEncrypted: boolean;
  readonly version: ServerVersion;
  readonly serverUuid: string;
  readonly gtidMode: string;
  /** `timeoutMs` replaces the usual 30 s for statements that wait. */
  query(sql: string, values?: readonly string[], timeoutMs?: number): Promise<readonly Row[]>;
  /** Frees the locks and ends the connection, within a second whatever the server does. */
  close(): Promise<void>;
  destroy(): void;
}

/** Connects, with `onLost` called once if the connection ends other than by `close` or `destroy`. */
export async function openControlSession(settings: ConnectionSettings, onLost: () => void): Promise<ControlSession> {
  const { connection, options } = await connect(settings);
  let isOver = false;
  const over = (): void => {
    isOver = true;
    connection.destroy();
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
    try {
      const [rows] = await connection.query<RowDataPacket[]>({
        sql,
        values: [...values],
        timeout: timeoutMs,
        typeCast: (field) => field.string(),
      });
      return rows;
    } catch (thrown) {
      const error = sourceError(thrown);
      if (error.code === 'SOURCE_UNREACHABLE') lost();
      throw error;
    }
  };

  try {
    await query(`SET SESSION wait_timeout = ${SESSION_TIMEOUT_SECONDS}`);
    const variables = new Map(
      (
        await query(
          "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment', 'server_uuid', 'gtid_mode')",
        )
      ).map((row) => [textOf(row, 'Variable_name'), textOf(row, 'Value')]),
    );
    const cipher = await query("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    return {
      options,
      isEncrypted: (cipher[0]?.['Value'] ?? '') !== '',
      version: parseVersion(variables.get('version') ?? '', variables.get('version_comment') ?? ''),
      serverUuid: variables.get('server_uuid') ?? '',
      gtidMode: variables.get('gtid_mode') ?? 'OFF',
      query,
      close: async () => {
        isOver = true;
        // The answer tells that the locks are free; on a dead line there is none, and nobody to wait for.
        await query('DO RELEASE_ALL_LOCKS()', [], CLOSE_TIMEOUT_MS).catch(() => undefined);
        connection.end().catch(() => undefined);
        connection.destroy();
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
): Promise<{ readonly connection: Connection; readonly options: ConnectionOptions }> {
  const options = connectionOptions(settings);
  try {
    return { connection: await createConnection(options), options };
  } catch (thrown) {
    if (settings.tls.mode !== 'preferred' || !isWithoutTls(thrown)) throw sourceError(thrown);
  }
  const plain = plainOptions(settings);
  try {
    return { connection: await createConnection(plain), options: plain };
  } catch (thrown) {
    throw sourceError(thrown);
  }
}
