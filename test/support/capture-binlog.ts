import { createConnection } from 'mysql2/promise';
import ZongJi from 'zongji';

/** A user who may do everything. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

interface DumpPacket {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isEOF(): boolean;
}

/** The class of zongji's dump command: `start` answers with the handler of the next packet. */
interface DumpClass {
  new (callback: unknown): { start(packet: unknown, connection: unknown): unknown };
}

interface Dump {
  BinlogClass: DumpClass;
  on(event: 'ready', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  start(options: { filename: string; position: number; serverId: number }): void;
  stop(): void;
}

/**
 * Runs `sql` (statements that end with `;` and a line feed) in a fresh binlog file and resolves with every event of that file, as the dump
 * thread sent them, from the made-up ROTATE to the ROTATE that ends the file. Nobody else may write to the server meanwhile.
 *
 * What follows a line `-- session <name>` runs on a connection of that name; `-- disconnect <name>` ends it. What stands before a line
 * `-- capture all` and behind a line `-- restore all`, settings of the server that begin a file of their own, runs before and after the captured file.
 */
export async function captureSql(address: ServerAddress, sql: string): Promise<Buffer[]> {
  const { host, port, user, password } = address;
  const server = { host, port, user, password };
  const connection = await createConnection(server);
  const sessions = new Map([['first', connection]]);
  let file = '';
  const begin = async (): Promise<void> => {
    await connection.query('FLUSH BINARY LOGS');
    file = await newestFile(connection);
  };
  let events: Buffer[] | undefined;
  const end = async (): Promise<Buffer[]> => {
    await connection.query('FLUSH BINARY LOGS');
    return dumpFile(server, file);
  };
  try {
    const all = steps(sql);
    if (!all.some(({ kind }) => kind === 'capture')) await begin();
    let session = connection;
    for (const step of all) {
      if (step.kind === 'statement') {
        await session.query(step.text);
      } else if (step.kind === 'capture') {
        await begin();
      } else if (step.kind === 'restore') {
        events = await end();
      } else if (step.kind === 'session') {
        session = sessions.get(step.text) ?? (await createConnection(server));
        sessions.set(step.text, session);
      } else {
        await sessions.get(step.text)?.end();
        sessions.delete(step.text);
        // The server notices a little later.
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
    return events ?? (await end());
  } finally {
    for (const session of sessions.values()) await session.end();
  }
}

interface Step {
  readonly kind: 'statement' | 'session' | 'disconnect' | 'capture' | 'restore';
  readonly text: string;
}

function steps(sql: string): Step[] {
  return sql.split(/;\s*\n/).flatMap((part) => {
    const found: Step[] = [];
    for (const [, word = '', text = ''] of part.matchAll(/^-- (session|disconnect|capture|restore) (\w+)$/gm))
      if (isDirective(word)) found.push({ kind: word, text });
    const text = part.replace(/^--.*\n?/gm, '').trim();
    if (text !== '') found.push({ kind: 'statement', text });
    return found;
  });
}

const isDirective = (word: string): word is Exclude<Step['kind'], 'statement'> =>
  ['session', 'disconnect', 'capture', 'restore'].includes(word);

async function newestFile(connection: Awaited<ReturnType<typeof createConnection>>): Promise<string> {
  const [rows] = await connection.query('SHOW BINARY LOGS');
  const newest: unknown = Array.isArray(rows) ? rows.at(-1) : undefined;
  if (typeof newest !== 'object' || newest === null || !('Log_name' in newest)) throw new Error('no binlog');
  return String(newest.Log_name);
}

const ROTATE = 4;
const ARTIFICIAL = 0x20;

function dumpFile(server: ServerAddress, file: string): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const events: Buffer[] = [];
    const zongji = new ZongJi(server) as unknown as Dump;
    zongji.on('error', reject);
    zongji.on('ready', () => {
      const Base = zongji.BinlogClass;
      zongji.BinlogClass = class extends Base {
        override start(packet: unknown, connection: unknown): unknown {
          super.start(packet, connection);
          return this.take;
        }

        readonly take = (packet: DumpPacket): unknown => {
          if (packet.isEOF()) return null;
          const event = Buffer.from(packet.buffer.subarray(packet.offset + 1, packet.end));
          events.push(event);
          const isLast = event.readUInt8(4) === ROTATE && (event.readUInt16LE(17) & ARTIFICIAL) === 0;
          if (!isLast) return this.take;
          zongji.stop();
          resolve(events);
          return null;
        };
      };
    });
    zongji.start({ filename: file, position: 4, serverId: 770_000 + (server.port % 10_000) });
  });
}
