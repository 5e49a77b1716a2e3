import type { Socket } from 'node:net';
import type { Connection, ConnectionOptions } from 'mysql2';
import ZongJi from 'zongji';
import type { Clock } from '../base/clock.ts';
import { Deferred } from '../base/deferred.ts';
import { RelayError } from '../base/errors.ts';
import type { Flavour } from '../binlog/gtids/gtids.ts';
import { dumpGtidPacket, type OutPacket } from './dump-gtid.ts';
import { identityStatement } from './mariadb-server.ts';
import { sourceError } from './mysql-errors.ts';
import type { EventReader, Session, StartPosition, Tap } from './source.ts';

/**
 * The only door to zongji: it logs in, finds out the server's flavour and checksum, and sends the dump command, of
 * GTIDs ours. What the server answers is handed over as raw events: its command class is replaced by one whose packets
 * come to us, so zongji's own decoder never runs.
 */

export interface ZongjiOptions {
  readonly connection: ConnectionOptions;
  readonly serverId: number;
  readonly flavour: Flavour;
  /** The server that was asked whether the dump can go on there: told to the reader, and no other may answer. */
  readonly serverUuid?: string;
  /**
   * How often the server sends a sign of life when it has no event; after three missing ones the connection is given
   * up.
   */
  readonly heartbeatMs: number;
  readonly clock: Clock;
}

/** How long the server waits for a paused relay to read on. Its default, 60 s, is shorter than a broker's restart. */
const NET_WRITE_TIMEOUT_SECONDS = 3600;
/**
 * How long zongji's other connection may be silent: the most that a server on any platform takes. The default, 8 h,
 * would end sessions.
 */
const WAIT_TIMEOUT_SECONDS = 2_147_483;
const MISSED_HEARTBEATS = 3;
/** COM_BINLOG_DUMP carries the offset in 32 bits. */
const MAX_DUMP_OFFSET = 0xffff_ffff;

/** Resolves when the server has begun to send. Throws a RelayError, at once when `closing` aborts. */
export async function openZongjiSession(
  options: ZongjiOptions,
  position: StartPosition,
  reader: EventReader,
  closing?: AbortSignal,
): Promise<Session> {
  if (position.gtidSet === undefined && position.offset > MAX_DUMP_OFFSET) {
    throw new RelayError(
      'BINLOG_UNSUPPORTED',
      `${position.file}:${position.offset} lies beyond 4 GiB, where a dump without GTIDs cannot start`,
      {
        remedy: 'Turn on GTIDs (gtid_mode = ON), or start at another file.',
      },
    );
  }
  const session = new ZongjiSession(options, position, reader);
  const close = (): void => void session.close();
  closing?.addEventListener('abort', close, { once: true });
  if (closing?.aborted === true) close();
  try {
    await session.begun;
  } catch (error) {
    await session.close();
    throw error;
  } finally {
    closing?.removeEventListener('abort', close);
  }
  return session;
}

class ZongjiSession implements Session, Tap {
  /** Settles with the first packet of the dump. */
  readonly #begun = new Deferred();
  readonly #ended = new Deferred();
  readonly #closed = new Deferred();
  readonly #zongji: ZongJiInternals;
  readonly #reader: EventReader;
  readonly #serverUuid: string | undefined;
  readonly #stopWatching: () => void;
  #hasBegun = false;
  #isOver = false;
  #isPaused = false;
  #isReadScheduled = false;
  #silentChecks = 0;
  /** What the socket had read at the last look. */
  #bytesSeen = UNSEEN;

  constructor(
    { connection, serverId, flavour, serverUuid, heartbeatMs, clock }: ZongjiOptions,
    position: StartPosition,
    reader: EventReader,
  ) {
    this.#reader = reader;
    this.#serverUuid = serverUuid;
    // zongji's types leave out the members that this class stands on; see ZongJiInternals.
    this.#zongji = new ZongJi(connection) as unknown as ZongJiInternals;
    this.#zongji.on('error', (error) => this.#end(sourceError(error, connection)));
    // MariaDB is told its position in a variable, by zongji.
    const gtidSet = flavour === 'mysql' ? position.gtidSet : undefined;
    const ask = gtidSet === undefined ? undefined : dumpGtidPacket(serverId, gtidSet);
    this.#zongji.on('ready', () => this.#beforeDump(heartbeatMs, flavour, ask));
    this.#stopWatching = clock.every(heartbeatMs, () => this.#checkSilence());
    this.#zongji.start({
      serverId,
      ...(position.gtidSet === undefined
        ? { filename: position.file, position: position.offset }
        : { gtidSet: ask === undefined ? position.gtidSet : '' }),
    });
  }

  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  pause(): void {
    this.#isPaused = true;
    this.#zongji.connection?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#bytesSeen = UNSEEN;
    this.#zongji.connection?.resume();
  }

  close(): Promise<void> {
    this.#end(undefined);
    return this.#closed.promise;
  }

  /** The dump command is about to be queued: what is queried now, the server does first. */
  #beforeDump(heartbeatMs: number, flavour: Flavour, ask: OutPacket | undefined): void {
    const { connection } = this.#zongji;
    if (connection === null) return;
    // 8.4 and later read the second name, older servers the first. Nanoseconds.
    const period = BigInt(heartbeatMs) * 1_000_000n;
    // MariaDB starts after the position's very transactions, or not at all: never at the next one that it happens to
    // have.
    const strict = flavour === 'mariadb' ? ', @slave_gtid_strict_mode = 1' : '';
    // Whatever the server logs now, a file may hold checksums, or the next one may: the format description of each says
    // so.
    const checksums = "@master_binlog_checksum = 'CRC32', @source_binlog_checksum = 'CRC32'";
    const statement = `SET @master_heartbeat_period = ${period}, @source_heartbeat_period = ${period}, ${checksums}, SESSION net_write_timeout = ${NET_WRITE_TIMEOUT_SECONDS}${strict}`;
    connection.query(statement, (error) => {
      if (error !== null) this.#end(sourceError(error));
    });
    if (this.#serverUuid !== undefined) {
      connection.query(identityStatement(flavour), (error, rows) => {
        if (error !== null) {
          // mysql2 gives no rows then, whatever its types say.
          this.#end(sourceError(error));
          return;
        }
        const [row] = rows as readonly { readonly id?: unknown }[];
        if (row?.id !== this.#serverUuid) this.#end(moved());
      });
    }
    // Its loss ends the session, and nothing is said on it between the dump's begin and end.
    this.#zongji.ctrlConnection?.query(`SET SESSION wait_timeout = ${WAIT_TIMEOUT_SECONDS}`, (error) => {
      if (error !== null) this.#end(sourceError(error));
    });

    const takePacket = this.#packet;
    const fail = (error: Error): void => this.#end(sourceError(error));
    this.#zongji.BinlogClass = class extends this.#zongji.BinlogClass {
      override start(packet: unknown, connection: PacketWriter): unknown {
        if (ask === undefined) super.start(packet, connection);
        else connection.writePacket(ask);
        return takePacket;
      }

      /** mysql2 gives it an error packet: the server refuses the dump, or ends it. */
      onResult(error: Error): void {
        fail(error);
      }
    };
  }

  /** mysql2 calls this for every packet of the dump, and what it returns for the next one. */
  readonly #packet = (packet: DumpPacket): unknown => {
    const { buffer, offset, end } = packet;
    if (buffer[offset] !== OK_MARKER) {
      this.#end(new RelayError('SOURCE_UNREACHABLE', 'the server ended the stream'));
      return null;
    }
    if (this.#isOver) return null;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#reader.begin(this, this.#serverUuid);
      this.#begun.settle();
    }
    this.#reader.event(buffer, offset + 1, end);
    if (!this.#isReadScheduled) {
      this.#isReadScheduled = true;
      // Runs when this turn of the event loop has read what the socket had, up to 2 MB of it in a backlog (libuv).
      setImmediate(this.#endOfRead);
    }
    return this.#packet;
  };

  readonly #endOfRead = (): void => {
    this.#isReadScheduled = false;
    this.#reader.endOfRead();
  };

  /**
   * Called once a heartbeat period. Counts periods, not time, so that a machine that was asleep is not taken for a dead
   * server. Silent is a socket that brings no byte: a large event takes many periods on a slow line, and the server
   * sends no heartbeat meanwhile.
   */
  #checkSilence(): void {
    if (this.#isPaused) return;
    const bytesRead = this.#zongji.connection?.stream.bytesRead ?? 0;
    this.#silentChecks = bytesRead === this.#bytesSeen ? this.#silentChecks + 1 : 0;
    this.#bytesSeen = bytesRead;
    if (this.#silentChecks < MISSED_HEARTBEATS) return;
    this.#end(new RelayError('SOURCE_UNREACHABLE', `the server was silent for ${MISSED_HEARTBEATS} heartbeats`));
  }

  #end(error: RelayError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWatching();
    this.#begun.settle(error);
    this.#ended.settle(error);
    this.#zongji.once('stopped', () => this.#closed.settle());
    this.#zongji.stop();
  }
}

const moved = (): RelayError =>
  new RelayError('SOURCE_MOVED', 'the binlog would come from another server than the one that was asked before');

/** As no socket counts: the next look takes it for having brought something. */
const UNSEEN = -1;

/** First byte of a packet that carries an event; 0xfe ends the stream, and mysql2 itself takes out 0xff, an error. */
const OK_MARKER = 0;

/**
 * Members of zongji 0.9.0 and mysql2 3.24.6 that their types do not show; test/integration/source/ and test/e2e/ stand
 * and fall with them.
 */
interface ZongJiInternals {
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'ready', listener: () => void): void;
  once(event: 'stopped', listener: () => void): void;
  start(options: { serverId: number; gtidSet?: string; filename?: string; position?: number }): void;
  stop(): void;
  /** The dump connection. */
  connection: (Connection & { readonly stream: Pick<Socket, 'bytesRead'> }) | null;
  /** Ends the dump: KILL. */
  ctrlConnection: Connection | null;
  BinlogClass: new (callback: unknown) => { start(packet: unknown, connection: PacketWriter): unknown };
}

interface PacketWriter {
  writePacket(packet: OutPacket): void;
}

interface DumpPacket {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
}
