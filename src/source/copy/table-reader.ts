import type { Clock } from '../../base/clock.ts';
import { RelayError } from '../../base/errors.ts';
import type { ConnectionSettings } from '../connection-options.ts';
import { openControlSession, type ControlSession } from '../control-session.ts';
import { KeptSession } from '../kept-session.ts';
import type { Published } from '../preflight-tables.ts';
import { serverErrorNumber } from '../mysql-errors.ts';
import { numberOf, textOf } from '../rows.ts';
import { headStatement } from '../server-version.ts';
import type {
  BinlogEnd,
  Chunk,
  ChunkRequest,
  DefinedTable,
  KeyBytes,
  KeysChunk,
  KeysRequest,
  Seen,
  ServerLoad,
  TableName,
  TableReader,
  TableView,
  WrittenKey,
} from '../source.ts';
import { readDefinition, type TableDefinition } from './definition.ts';
import { HistoryList } from './history-list.ts';
import { PackedRows } from './packed-rows.ts';
import { selectAll, selectChunk, selectFound, selectKeys, selectNone, type Selection } from './selection.ts';
import { untilReplicated, untilVisible } from './visible.ts';
import { heldKeys } from './written-keys.ts';

/**
 * Times as the relay writes them; texts in the bytes of their column's own charset, so that nothing is converted; and a
 * session that may wait for a slow broker. `net_write_timeout`: how long the server waits for a reader that pauses.
 * Keys may be days of no calendar.
 */
const SESSION = `SET SESSION time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES', character_set_results = binary, net_write_timeout = 3600, wait_timeout = 3600, completion_type = 'NO_CHAIN'`;
const REDEFINED = new Set([
  1054, // ER_BAD_FIELD_ERROR
  1072, // ER_KEY_COLUMN_DOES_NOT_EXITS
  1146, // ER_NO_SUCH_TABLE
  1176, // ER_KEY_DOES_NOT_EXITS: the primary key that is to be used
  1412, // ER_TABLE_DEF_CHANGED
]);
/** A read that gives no row for so long is taken for dead. */
const SILENCE_MS = 60_000;
/** Of a key that has a prefix: the server sorts what is left of the table before it gives the first row. */
const SORTING_SILENCE_MS = 300_000;
/** One statement asks of so many keys whether they are there. */
const FOUND_KEYS = 100;
/** A chunk's buffer grows by doubling from here. */
const FIRST_BYTES = 64 << 10;

export interface TableReaderOptions {
  /** Of the server that the stream comes from; called for each connection. */
  readonly settings: () => ConnectionSettings;
  /** Of a replica of it, which tables are read of; undefined: they are read of that server itself. */
  readonly replica?: ConnectionSettings | undefined;
  readonly published: Published;
  readonly clock: Clock;
}

/** Reads tables on a connection of its own, which is made when it is needed, and again after it was lost. */
export class MysqlTableReader implements TableReader {
  readonly #options: TableReaderOptions;
  readonly #closing = new AbortController();
  /** Where tables are read. */
  readonly #session = new KeptSession((onLost) => this.#open(onLost));
  /** Where the binlog is that the stream comes from. */
  readonly #asked: KeptSession;
  readonly #history: HistoryList;
  #waitsFor: string | undefined;

  constructor(options: TableReaderOptions) {
    const { settings, replica, clock } = options;
    this.#options = options;
    this.#history = new HistoryList(clock);
    this.#asked =
      replica === undefined
        ? this.#session
        : new KeptSession((onLost) => openControlSession(settings(), clock, onLost, this.#closing.signal));
  }

  get waitsFor(): string | undefined {
    return this.#waitsFor;
  }

  async tables(seen: Seen): Promise<readonly TableName[]> {
    const session = await this.#session.get();
    if (await this.#visible(session, seen)) await session.query('COMMIT');
    const rows = await inUtf8(session, () =>
      session.query(
        "SELECT table_schema AS db, table_name AS name FROM information_schema.tables WHERE table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY table_schema, table_name",
      ),
    );
    return rows
      .map((row) => ({ database: textOf(row, 'db'), table: textOf(row, 'name') }))
      .filter(({ database, table }) => this.#options.published.includes(database, table));
  }

  async definition({ database, table }: TableName, seen: Seen): Promise<DefinedTable | undefined> {
    const session = await this.#session.get();
    // The stream may have brought a statement that the server has not finished yet.
    if (await this.#visible(session, seen)) await session.query('COMMIT');
    const found = await inUtf8(session, () => readDefinition(session, session.version, database, table));
    return found && { ...found, serverUuid: session.serverUuid };
  }

  async read({ definition, after, range, maxRows, maxBytes, seen }: ChunkRequest): Promise<Chunk> {
    const selection = this.#selectionOf(definition);
    const { rows, isWhole, end } = await this.#read(selection, definition, seen, {
      sql: selectChunk(selection, after, maxRows, range),
      maxBytes,
      isLast: (read) => read.rows >= maxRows,
    });
    return {
      images: rows.images,
      rows: rows.rows,
      last: rows.lastValues(keyIndexes(definition)),
      isEnd: isWhole && rows.rows < maxRows,
      ...end,
    };
  }

  async keys(definition: DefinedTable, asked: readonly WrittenKey[]): Promise<readonly KeyBytes[]> {
    return heldKeys(await this.#sessionWith(definition), definition, asked);
  }

  async readKeys({ definition, keys, maxBytes, seen }: KeysRequest): Promise<KeysChunk | undefined> {
    const selection = this.#selectionOf(definition);
    const found: boolean[] = [];
    const { rows, isWhole, end } = await this.#read(selection, definition, seen, {
      sql: selectKeys(selection, keys),
      maxBytes,
      isLast: () => keys.length === 1,
      afterwards: async (session) => {
        for (let i = 0; i < keys.length; i += FOUND_KEYS) {
          const some = keys.slice(i, i + FOUND_KEYS);
          const [row] = await session.query(selectFound(selection, some));
          found.push(...some.map((_, n) => textOf(row, `e${n}`) === '1'));
        }
      },
    });
    return isWhole ? { images: rows.images, rows: rows.rows, found, ...end } : undefined;
  }

  /** `isLast`: more bytes than `maxBytes` are all right. `afterwards`: read as well, if it is read whole. */
  async #read(
    selection: Selection,
    definition: DefinedTable,
    seen: Seen,
    what: {
      readonly sql: string;
      readonly maxBytes: number;
      readonly isLast: (rows: PackedRows) => boolean;
      readonly afterwards?: (session: ControlSession) => Promise<void>;
    },
  ): Promise<{ readonly rows: PackedRows; readonly isWhole: boolean; readonly end: BinlogEnd }> {
    const session = await this.#sessionWith(definition);
    const isSnapshot = await this.#visible(session, seen);
    const rows = packedRows(selection, Math.min(what.maxBytes, FIRST_BYTES));
    const read = async (): Promise<boolean> => {
      const isWhole = await session.rows(
        what.sql,
        (b, from, end) => {
          rows.add(b, from, end);
          return rows.sizeBytes < what.maxBytes || what.isLast(rows);
        },
        isSorted(definition) ? SORTING_SILENCE_MS : SILENCE_MS,
      );
      if (isWhole) await what.afterwards?.(session);
      return isWhole;
    };
    const isWhole = await read().catch(async (error: unknown) => {
      if (isSnapshot) await session.query('COMMIT').catch(() => undefined);
      throw error;
    });
    // While a snapshot is open the table that was read cannot be renamed: what did so before stands before the end.
    // A chunk that was cut has lost its connection: it is asked for by another one.
    const end = await this.#end();
    if (isSnapshot && isWhole) await session.query('COMMIT');
    return { rows, isWhole, end };
  }

  async view(definition: DefinedTable, seen: Seen): Promise<TableView> {
    const session = await this.#sessionWith(definition);
    const selection = this.#selectionOf(definition);
    if (!(await this.#visible(session, seen)))
      await session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    // From here on until COMMIT nobody can alter or rename the table: what did so before stands before the end.
    await session.query(selectNone(selection));
    const end = await this.#end();
    return {
      ...end,
      rows: async (batchBytes, take) => {
        let batch = packedRows(selection, FIRST_BYTES);
        let taken = Promise.resolve(true);
        let isRefused = false;
        const give = (): void => {
          const { images, rows } = batch;
          batch = packedRows(selection, FIRST_BYTES);
          session.pause();
          taken = taken
            .then((isWanted) => isWanted && !isRefused && take(images, rows))
            .finally(() => {
              session.resume();
            });
          // Waited for at the end, which comes now.
          taken.then(
            (isWanted) => {
              isRefused ||= !isWanted;
            },
            () => {
              isRefused = true;
            },
          );
        };
        let isWhole: boolean;
        try {
          isWhole = await session.rows(
            selectAll(selection),
            (b, from, end) => {
              batch.add(b, from, end);
              if (batch.sizeBytes >= batchBytes) give();
              return !isRefused;
            },
            SILENCE_MS,
          );
        } catch (error) {
          // Nothing of this view may reach the lanes once the stream goes on.
          isRefused = true;
          await taken.catch(() => undefined);
          throw error;
        }
        const isWanted = await taken;
        if (!isWhole || !isWanted) return false;
        return batch.rows === 0 || take(batch.images, batch.rows);
      },
      close: async () => {
        await session.query('COMMIT').catch(() => undefined);
      },
    };
  }

  isRedefinition(thrown: unknown): boolean {
    const number = serverErrorNumber(thrown);
    return number !== undefined && REDEFINED.has(number);
  }

  async load(): Promise<ServerLoad> {
    const session = await this.#session.get();
    const [row] = await session.query("SHOW GLOBAL STATUS LIKE 'Threads_running'");
    const threadsRunning = numberOf(row, 'Value');
    return { threadsRunning, historyList: await this.#history.length(session), ...(await this.#end()) };
  }

  async reset(): Promise<void> {
    const sessions = [await this.#session.release(), await this.#asked.release()];
    for (const session of sessions) session?.destroy();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.reset();
  }

  /** Throws when another server answers than the one that the definition is of. */
  async #sessionWith({ serverUuid }: DefinedTable): Promise<ControlSession> {
    const session = await this.#session.get();
    if (session.serverUuid === serverUuid) return session;
    throw otherServer();
  }

  #selectionOf(definition: TableDefinition): Selection {
    const { published } = this.#options;
    const { database, name, columns } = definition.table;
    return {
      definition,
      columns: columns.filter(
        (column) => column.isHidden !== true && !published.excludesColumn(database, name, column.name),
      ),
    };
  }

  /** Resolves when the next read sees everything that `seen` has; true: in a snapshot, which is open now. */
  async #visible(session: ControlSession, seen: Seen): Promise<boolean> {
    const { replica, clock } = this.#options;
    if (session.serverUuid === seen.serverUuid) return untilVisible(session, seen, clock);
    if (replica === undefined) throw otherServer();
    const place = `${replica.host}:${replica.port}`;
    this.#waitsFor = `the replica ${place} is not yet where the stream is`;
    try {
      return await untilReplicated(session, seen, place);
    } finally {
      this.#waitsFor = undefined;
    }
  }

  /**
   * What a read has seen stands before it, if it is asked for afterwards: of the server that the stream comes from.
   * What a replica shows came out of that binlog; where its own ends means nothing to the stream.
   */
  async #end(): Promise<BinlogEnd> {
    const session = await this.#asked.get();
    const [row] = await session.query(headStatement(session.version));
    return { end: { file: textOf(row, 'File'), offset: numberOf(row, 'Position') }, serverUuid: session.serverUuid };
  }

  async #open(onLost: () => void): Promise<ControlSession> {
    const { settings, replica = settings(), clock } = this.#options;
    const session = await openControlSession(replica, clock, onLost, this.#closing.signal);
    await session.query('SET NAMES utf8mb4');
    await session.query(SESSION);
    // A server may have another level for all: reads must see what is committed, and a view the same throughout.
    await session.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    return session;
  }
}

/** What the server says of tables comes as text: names may be in any script. */
async function inUtf8<T>(session: ControlSession, ask: () => Promise<T>): Promise<T> {
  await session.query('SET SESSION character_set_results = utf8mb4');
  try {
    return await ask();
  } finally {
    await session.query('SET SESSION character_set_results = binary');
  }
}

function packedRows({ definition, columns }: Selection, sizeBytes: number): PackedRows {
  return new PackedRows(
    definition.table.columns.length,
    columns.map(({ index }) => index),
    sizeBytes,
  );
}

const isSorted = ({ table }: TableDefinition): boolean => table.primaryKey.some(({ prefix }) => prefix > 0);

const keyIndexes = ({ table }: TableDefinition): readonly number[] =>
  table.primaryKey.map(({ column }) => column.index);

const otherServer = (): RelayError =>
  new RelayError('SOURCE_UNREACHABLE', 'the tables would be read from another server than the stream, or than before');
