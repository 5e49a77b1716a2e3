import { createConnection, type Connection } from 'mysql2/promise';
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
 * Runs `sql` (statements that end with `;` and a line feed) in a fresh binlog file and resolves with every event of
 * that file; see captureEvents.
 *
 * What follows a line `-- session <name>` runs on a connection of that name; `-- disconnect <name>` ends it. What
 * stands before a line `-- capture all` and after a line `-- restore all`, settings of the server that begin a file of
 * their own, runs before and after the captured file.
 */
export async function captureSql(address: ServerAddress, sql: string): Promise<Buffer[]> {
  const { host, port, user, password } = address;
  const connection = await createConnection({ host, port, user, password });
  const sessions = new Map([['first', connection]]);
  let session = connection;
  const run = async (all: readonly Step[]): Promise<void> => {
    for (const step of all) {
      if (step.kind === 'statement') {
        await session.query(step.text);
      } else if (step.kind === 'session') {
        session = sessions.get(step.text) ?? (await createConnection({ host, port, user, password }));
        sessions.set(step.text, session);
      } else if (step.kind === 'disconnect') {
        await sessions.get(step.text)?.end();
        sessions.delete(step.text);
        // The server notices a little later.
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  };
  try {
    const all = steps(sql);
    const first = all.findIndex(({ kind }) => kind === 'capture') + 1;
    const restore = all.findIndex(({ kind }) => kind === 'restore');
    const last = restore < 0 ? all.length : restore;
    await run(all.slice(0, first));
    const events = await captureEvents(address, connection, () => run(all.slice(first, last)));
    await run(all.slice(last));
    return events;
  } finally {
    for (const each of sessions.values()) await each.end();
  }
}

/**
 * Every event of the fresh binlog file in which `work` was done, as the dump thread sent them, from the made-up ROTATE
 * to the ROTATE that ends the file. Nobody else may write to the server meanwhile.
 */
export async function captureEvents(
  { host, port, user, password }: ServerAddress,
  connection: Connection,
  work: () => Promise<void>,
): Promise<Buffer[]> {
  await connection.query('FLUSH BINARY LOGS');
  const file = await newestFile(connection);
  await work();
  await connection.query('FLUSH BINARY LOGS');
  return dumpFile({ host, port, user, password }, file);
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

async function newestFile(connection: Connection): Promise<string> {
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
