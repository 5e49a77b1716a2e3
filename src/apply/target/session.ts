import type { Socket } from 'node:net';
import { createConnection, type Connection, type ConnectionOptions } from 'mysql2';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { Deferred } from '../../base/deferred.ts';
import { RelayError } from '../../base/errors.ts';
import type { TargetConfig } from '../../config/config.ts';
import { connectionOptions, plainOptions } from './connection-options.ts';
import { ALL_WARNINGS, requireSuitable, SESSION_SETTINGS, SESSION_VARIABLES } from './session-settings.ts';
import type { AnswerRow, Outcome, Session, Wait } from './target.ts';
import { isWithoutTls, lineError } from '../../mysql/thrown.ts';
import { targetError } from './target-errors.ts';

/** Beyond it the server, or the line, is taken for dead: a statement may wait for locks, or for a slow disk. */
const STATEMENT_TIMEOUT_MS = 600_000;

const CLOSED = 'the connection is being closed';

/** Connects, and makes the session what the statements need, unless `closing` aborts before. */
export async function openSession(target: TargetConfig, clock: Clock, closing: AbortSignal): Promise<Session> {
  const place = `${target.host}:${target.port}, as ${target.user}`;
  let line: Line;
  try {
    line = await connect(target, closing);
  } catch (thrown) {
    throw targetError(thrown, place);
  }
  const session = new MysqlSession(line, clock, place);
  const end = (): void => session.destroy();
  closing.addEventListener('abort', end, { once: true });
  if (closing.aborted) end();
  const { connectTimeoutMs } = target;
  try {
    await withDeadline(clock, connectTimeoutMs, session.begin(), () =>
      lineError(`no answer to the first statements within ${connectTimeoutMs / 1000} s`),
    );
    return session;
  } catch (thrown) {
    session.destroy();
    throw targetError(thrown, place);
  } finally {
    closing.removeEventListener('abort', end);
  }
}

/** A connection, and its socket below TLS, which counts what comes before a record of TLS is whole. */
interface Line {
  readonly connection: Connection;
  readonly socket: Socket;
}

async function connect(target: TargetConfig, closing: AbortSignal): Promise<Line> {
  try {
    return await connected(connectionOptions(target), closing);
  } catch (thrown) {
    if (target.tls.mode !== 'preferred' || !isWithoutTls(thrown)) throw thrown;
  }
  return connected(plainOptions(target), closing);
}

function connected(options: ConnectionOptions, closing: AbortSignal): Promise<Line> {
  const connection = createConnection(options);
  const socket = bareOf(connection).stream;
  return new Promise((resolve, reject) => {
    const end = (): void => {
      cutOff(connection);
      reject(lineError(CLOSED));
    };
    closing.addEventListener('abort', end, { once: true });
    if (closing.aborted) end();
    connection.once('connect', () => {
      closing.removeEventListener('abort', end);
      resolve({ connection, socket });
    });
    connection.on('error', (error: Error) => {
      closing.removeEventListener('abort', end);
      reject(error);
    });
  });
}

/** mysql2 only says goodbye, and leaves the socket open for as long as a dead server does not answer. */
function cutOff(connection: Connection): void {
  connection.destroy();
  bareOf(connection).stream.destroy();
}

class MysqlSession implements Session {
  server: Session['server'] = { flavour: 'mysql', version: '', maxPacketBytes: 0, instance: '', connectionId: '' };
  isOver = false;
  waits: Wait | undefined;
  readonly beganMs: number;
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #place: string;
  /** mysql2 never ends what was asked of a connection that is destroyed. */
  readonly #over = new Deferred();
  #packets: PacketQuery | undefined;

  constructor({ connection, socket }: Line, clock: Clock, place: string) {
    this.beganMs = clock.monotonic();
    this.#connection = connection;
    this.#socket = socket;
    this.#clock = clock;
    this.#place = place;
    const over = (): void => this.#end('the connection has ended');
    connection.on('error', over);
    connection.on('end', over);
  }

  async begin(): Promise<void> {
    await this.query(SESSION_SETTINGS);
    await this.query(ALL_WARNINGS).catch((thrown: unknown) => {
      if (!(thrown instanceof RelayError) || thrown.code !== 'TARGET_GRANT_MISSING') throw thrown;
    });
    const variables = await this.query(SESSION_VARIABLES);
    const [connection] = await this.query('SELECT CONNECTION_ID() AS id');
    this.server = requireSuitable(
      new Map(variables.map((row) => [row['Variable_name'] ?? '', row['Value'] ?? ''])),
      connection?.['id'] ?? '',
      this.#place,
    );
  }

  get heardBytes(): number {
    return this.#socket.bytesRead;
  }

  query(sql: string): Promise<readonly AnswerRow[]> {
    return this.#answered(
      new Promise((resolve, reject) => {
        const command = this.#connection.query({ sql, typeCast: (field) => field.string('utf8') }, (error, rows) => {
          if (error === null) resolve(Array.isArray(rows) ? (rows as readonly AnswerRow[]) : []);
          else reject(error);
        });
        // Its class is not to be had otherwise.
        this.#packets ??= packetQueryOf(command.constructor as QueryClass);
      }),
      { bytes: Buffer.byteLength(sql) },
    );
  }

  run(statements: readonly Uint8Array[]): Promise<readonly Outcome[]> {
    return this.#answered(
      new Promise((resolve, reject) => {
        const PacketQuery = this.#packets;
        if (PacketQuery === undefined) throw new RelayError('INTERNAL', 'the session has not begun');
        const command = new PacketQuery(statements, (error, results) => {
          if (error === null) resolve([results].flat().map(outcomeOf));
          else reject(error);
        });
        bareOf(this.#connection).addCommand(command);
      }),
      { bytes: packetBytes(statements), hasValues: true },
    );
  }

  destroy(why = CLOSED): void {
    this.#end(why);
    cutOff(this.#connection);
  }

  #end(why: string): void {
    this.isOver = true;
    this.#over.settle(lineError(why));
  }

  async #answered<T>(work: Promise<T>, { bytes, hasValues = false }: Sent): Promise<T> {
    const unlessOver = Promise.race([work, this.#over.promise.then(() => work)]);
    this.waits = { sinceMs: this.#clock.monotonic(), bytes };
    try {
      return await withDeadline(this.#clock, STATEMENT_TIMEOUT_MS, unlessOver, () =>
        lineError(`no answer within ${STATEMENT_TIMEOUT_MS / 1000} s`),
      );
    } catch (thrown) {
      const error = targetError(thrown, this.#place, hasValues);
      if (error.code === 'TARGET_UNREACHABLE') this.destroy();
      throw error;
    } finally {
      this.waits = undefined;
    }
  }
}

/** Of a statement; `hasValues`: it holds values of rows. */
interface Sent {
  readonly bytes: number;
  readonly hasValues?: boolean;
}

interface Header {
  readonly affectedRows: number;
  readonly warningStatus: number;
}

const outcomeOf = ({ affectedRows, warningStatus }: Header): Outcome => ({
  found: affectedRows,
  warnings: warningStatus,
});

/** Members of mysql2 that its types do not show. */
interface BareConnection {
  readonly stream: Socket;
  readonly config: { readonly clientFlags: number };
  readonly serverCapabilityFlags: number;
  addCommand(command: object): void;
  writePacket(packet: Packet): void;
}

interface Packet {
  readonly buffer: Buffer;
  length(): number;
  writeHeader(sequenceId: number): void;
}

type Callback = (error: Error | null, results: Header | readonly Header[]) => void;

interface QueryCommand {
  _connection: BareConnection;
  options: object;
  resultsetHeader: unknown;
}

type QueryClass = new (options: object, callback: Callback) => QueryCommand;
type PacketQuery = new (statements: readonly Uint8Array[], callback: Callback) => QueryCommand;

const bareOf = (connection: Connection): BareConnection => connection as unknown as BareConnection;

/** CLIENT_QUERY_ATTRIBUTES: the statement then begins after the number of its attributes, none. */
const QUERY_ATTRIBUTES = 1 << 27;
const COM_QUERY = 3;
const SEPARATOR = 0x3b;

/** mysql2's query, for statements that are bytes already: as a text they would be decoded and encoded again. */
function packetQueryOf(Query: QueryClass): PacketQuery {
  return class extends Query {
    readonly #statements: readonly Uint8Array[];

    constructor(statements: readonly Uint8Array[], callback: Callback) {
      super({ sql: '' }, callback);
      this.#statements = statements;
    }

    start(_packet: unknown, connection: BareConnection): unknown {
      this._connection = connection;
      this.options = connection.config;
      const flags = connection.config.clientFlags & connection.serverCapabilityFlags;
      connection.writePacket(packetOf(this.#statements, (flags & QUERY_ATTRIBUTES) !== 0));
      return this.resultsetHeader;
    }
  };
}

/** Bytes of the packet without its header. */
export function packetBytes(statements: readonly Uint8Array[]): number {
  return 3 + statements.reduce((sum, { length }) => sum + length + 1, 0);
}

function packetOf(statements: readonly Uint8Array[], hasAttributes: boolean): Packet {
  const buffer = Buffer.allocUnsafe(4 + packetBytes(statements));
  let o = 4;
  buffer[o++] = COM_QUERY;
  if (hasAttributes) {
    buffer[o++] = 0; // attributes
    buffer[o++] = 1; // sets of them, always 1
  }
  statements.forEach((sql, i) => {
    if (i > 0) buffer[o++] = SEPARATOR;
    buffer.set(sql, o);
    o += sql.length;
  });
  const packet = buffer.subarray(0, o);
  return {
    buffer: packet,
    length: () => packet.length - 4,
    writeHeader: (sequenceId) => {
      packet.writeUIntLE(packet.length - 4, 0, 3);
      packet[3] = sequenceId;
    },
  };
}
