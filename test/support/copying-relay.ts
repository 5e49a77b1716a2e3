/** A relay that copies tables beside the stream, between a real server and a reader that writes rows over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { asRelayError, type RelayError } from '../../src/base/errors.ts';
import { systemClock } from '../../src/base/clock.ts';
import { tableFilter, type TablePatterns } from '../../src/change/table-filter.ts';
import type { CopySettings } from '../../src/relay/copies/copies.ts';
import type { RelayStatus } from '../../src/relay/relay.ts';
import type { Relay } from '../../src/relay/run/run.ts';
import type { Sink } from '../../src/sink/sink.ts';
import type { TableReader } from '../../src/source/source.ts';
import type { ConnectionSettings } from '../../src/source/connection-options.ts';
import { MysqlTableReader } from '../../src/source/copy/table-reader.ts';
import { holdsGtids, newestGtids } from './gtids.ts';
import { relayDefaults } from './relay-defaults.ts';
import { realSourceRelay, type RealSourceRelayOptions } from './real-source-relay.ts';
import { isReading } from './relay-states.ts';

export interface CopyingRelayOptions extends Omit<RealSourceRelayOptions, 'sink' | 'copies' | 'tables'> {
  readonly tables: Partial<TablePatterns> & Pick<TablePatterns, 'include'>;
  readonly sink: Sink;
  /** A replica that tables are read of; unless given they are read of `mysql`. */
  readonly replica?: MysqlAddress | undefined;
  readonly copying?: Partial<Omit<CopySettings, 'reader'>>;
  /** What the reader of tables does otherwise than `reader`. */
  readonly reader?: (reader: TableReader) => Partial<TableReader>;
}

export class CopyingRelay {
  readonly relay: Relay;
  failure: RelayError | undefined;
  readonly #life = { isOver: false };
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor({
    mysql,
    replica,
    tables,
    copying,
    reader,
    sink,
    store = relayDefaults().store,
    ...options
  }: CopyingRelayOptions) {
    const published = tableFilter({ exclude: [], excludeColumns: [], ...tables });
    const plain = new MysqlTableReader({
      settings: () => connectionTo(mysql),
      replica: replica && connectionTo(replica),
      published,
      clock: systemClock,
    });
    this.relay = realSourceRelay({
      mysql,
      tables,
      start: 'copy',
      sink: mortalSink(sink, this.#life),
      store: { ...store, save: (checkpoint) => (this.#life.isOver ? Promise.resolve() : store.save(checkpoint)) },
      copies: {
        reader: reader === undefined ? plain : { ...forwarding(plain), ...reader(plain) },
        atFirstStart: true,
        isExact: false,
        chunkMs: 500,
        chunkBytes: 8 << 20,
        maxRows: 100_000,
        maxThreadsRunning: 1000,
        maxHistoryList: 1e12,
        rest: 0,
        ...copying,
      },
      ...options,
    });
    this.#ended = this.relay.run(this.#stop.signal).catch((error: unknown) => {
      this.failure = asRelayError(error);
    });
  }

  async until(isSo: (status: RelayStatus) => boolean): Promise<void> {
    await this.#until(() => isSo(this.relay.status()), 60_000);
  }

  async untilRunning(): Promise<void> {
    await this.until(isReading);
  }

  /** Waits until every copy that was asked for has ended. */
  async untilCopied(patienceMs = 60_000): Promise<void> {
    await this.#until(() => {
      const status = this.relay.status();
      const { copies } = status;
      return isReading(status) && copies.length > 0 && copies.every(({ endedAt }) => endedAt !== undefined);
    }, patienceMs);
  }

  /** Waits until everything that the server has committed by now is acknowledged. */
  async untilPublished(connection: Connection, patienceMs = 60_000): Promise<void> {
    const newest = await newestGtids(connection);
    await this.#until(() => holdsGtids(this.relay.status().lowWaterMark?.gtidSet ?? '', newest), patienceMs);
  }

  async #until(isSo: () => boolean, patienceMs: number): Promise<void> {
    const deadlineMs = performance.now() + patienceMs;
    while (!isSo()) {
      if (this.failure !== undefined) throw this.failure;
      if (performance.now() > deadlineMs)
        throw new Error(`it did not come to it: ${JSON.stringify(this.relay.status())}`);
      await sleep(10);
    }
  }

  /** As kill -9 does: some messages are taken and never acknowledged, some are not taken, and nothing is stored. */
  async kill(): Promise<void> {
    this.#life.isOver = true;
    this.#stop.abort();
    await this.#ended;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    if (this.failure !== undefined) throw this.failure;
  }
}

export const connectionTo = (
  { host, port, user, password }: MysqlAddress,
  section: ConnectionSettings['section'] = 'source',
): ConnectionSettings => ({
  host,
  port,
  user,
  password,
  tls: { mode: 'preferred' as const },
  connectTimeoutMs: 10_000,
  section,
});

interface Life {
  isOver: boolean;
}

/** Takes messages and says so some milliseconds later; after its life it takes some, and says nothing. */
function mortalSink(sink: Sink, life: Life): Sink {
  let sends = 0;
  return {
    open: () => sink.open(),
    close: () => sink.close(),
    send: async (message) => {
      sends += 1;
      if (life.isOver && sends % 2 === 0) await NEVER;
      await sink.send(message);
      if (sends % 8 === 0) await sleep(sends % 5);
      if (life.isOver) await NEVER;
    },
  };
}

const NEVER = new Promise<never>(() => undefined);

/** All rows of a table as texts that a message of the relay would have, sorted; of types whose text is their own. */
export function rowTexts(connection: Connection, table: string): Promise<readonly string[]> {
  return rowTextsOf(connection, `SELECT * FROM ${table}`);
}

export async function rowTextsOf(connection: Connection, sql: string): Promise<readonly string[]> {
  const [rows] = await connection.query<RowDataPacket[]>({
    sql,
    typeCast: (field) => field.string(),
  });
  return rows.map((row) => JSON.stringify(row)).sort();
}

/** A reader of tables whose methods can be replaced one by one. */
const forwarding = (reader: TableReader): TableReader => ({
  waitsFor: undefined,
  tables: (seen) => reader.tables(seen),
  definition: (name, seen) => reader.definition(name, seen),
  read: (request) => reader.read(request),
  keys: (definition, keys) => reader.keys(definition, keys),
  readKeys: (request) => reader.readKeys(request),
  view: (definition, seen) => reader.view(definition, seen),
  isRedefinition: (error) => reader.isRedefinition(error),
  load: () => reader.load(),
  reset: () => reader.reset(),
  close: () => reader.close(),
});
