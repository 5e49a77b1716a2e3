/** The binlog files of the server, asked by SHOW BINARY LOGS and SHOW BINLOG EVENTS. */
import { RelayError } from '../base/errors.ts';
import type { FilePosition } from '../binlog/binlog.ts';
import { GtidSet } from '../binlog/gtids/gtid-set.ts';
import { VERIFYING_SERVER } from './dump-errors.ts';
import { serverErrorNumber } from './mysql-errors.ts';
import { numberOf, textOf, type Asked, type Row } from './rows.ts';
import type { BinlogFile } from './source.ts';

/** Where the first event of a file is: after its 4 magic bytes. */
export const FIRST_OFFSET = 4;
/** Events asked for at once: some 200 KB. */
const PAGE = 2000;
/** ER_ERROR_WHEN_EXECUTING_COMMAND: no such file, or no event there. */
const CANNOT_SHOW = 1220;
/** Events that a transaction begins with, and those that stand between transactions. */
const BOUNDARIES = new Set([
  'Gtid',
  'Anonymous_Gtid',
  'Gtid_tagged_log_event',
  'Format_desc',
  'Previous_gtids',
  'Rotate',
  'Stop',
  'Gtid_list',
  'Start_encryption',
  'Binlog_checkpoint',
  // MariaDB logs it between transactions.
  'Incident',
]);
export const GTID_EVENTS: ReadonlySet<string> = new Set(['Gtid', 'Gtid_tagged_log_event']);

/**
 * Oldest first; never empty. Throws SOURCE_SETTINGS when the server writes no binlog, SOURCE_GRANT_MISSING without
 * REPLICATION CLIENT.
 */
export async function binlogFiles(control: Asked): Promise<readonly [BinlogFile, ...BinlogFile[]]> {
  const [first, ...rest] = (await control.query('SHOW BINARY LOGS')).map((row) => ({
    name: textOf(row, 'Log_name'),
    sizeBytes: numberOf(row, 'File_size'),
  }));
  if (first !== undefined) return [first, ...rest];
  throw new RelayError('SOURCE_SETTINGS', 'the server has no binlog files', { remedy: 'Start mysqld with --log-bin.' });
}

/**
 * Throws SOURCE_POSITION_INVALID when no transaction begins or ends at the position. The end of the file is such a
 * place. 9.x answers for a place inside an event with the next event, so the answer's own position counts.
 */
export async function requireBoundary(control: Asked, { file, offset }: FilePosition): Promise<void> {
  const [event] = await eventsFrom(control, file, offset, 1);
  if (event === undefined) return;
  if (numberOf(event, 'Pos') === offset && BOUNDARIES.has(textOf(event, 'Event_type'))) return;
  throw notABoundary(file, offset);
}

/**
 * The GTIDs of everything before the position: those that the file begins with, and those in it. Reads the file's list
 * of events up to there. Throws SOURCE_POSITION_INVALID when the position is not a boundary.
 */
export async function gtidSetBefore(control: Asked, { file, offset }: FilePosition): Promise<string> {
  const set = new GtidSet();
  let isBoundary = offset === FIRST_OFFSET;
  let end = FIRST_OFFSET;
  // Begins at the first event even for offset 4: what the file starts from stands in its second one.
  for await (const event of eventsOf(control, file, FIRST_OFFSET)) {
    const position = numberOf(event, 'Pos');
    const type = textOf(event, 'Event_type');
    if (position >= offset && type !== 'Format_desc' && type !== 'Previous_gtids') {
      if (isBoundary || (position === offset && BOUNDARIES.has(type))) return set.toString();
      throw notABoundary(file, offset);
    }
    if (position === offset) isBoundary = true;
    if (type === 'Previous_gtids') set.union(GtidSet.parse(textOf(event, 'Info')));
    if (GTID_EVENTS.has(type)) set.union(GtidSet.parse(gtidOf(event)));
    end = endOf(event);
  }
  if (isBoundary || end === offset) return set.toString();
  throw notABoundary(file, offset);
}

/** The GTIDs of everything in the files before this one. */
export async function gtidSetBeforeFile(control: Asked, file: string): Promise<GtidSet> {
  const head = await eventsFrom(control, file, FIRST_OFFSET, 2);
  const previous = head.find((event) => textOf(event, 'Event_type') === 'Previous_gtids');
  return GtidSet.parse(previous === undefined ? '' : textOf(previous, 'Info'));
}

/**
 * The file that MySQL begins with when it is asked for what `gtidSet` lacks: the newest before which it lacks nothing;
 * else the oldest.
 */
export async function fileToBeginWith(
  control: Asked,
  gtidSet: GtidSet,
  files: readonly [BinlogFile, ...BinlogFile[]],
): Promise<string> {
  return newestReached(files, async (name) => gtidSet.contains(await gtidSetBeforeFile(control, name)));
}

/** The newest file of which `isReached`, which holds of all before it as well; the oldest when it holds of none. */
export async function newestReached(
  files: readonly [BinlogFile, ...BinlogFile[]],
  isReached: (name: string) => Promise<boolean>,
): Promise<string> {
  let low = 0;
  let high = files.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const { name } = files[middle] ?? files[0];
    if (await isReached(name)) low = middle;
    else high = middle - 1;
  }
  return (files[low] ?? files[0]).name;
}

/** Every event from `offset` on, in pages: a file of 1 GB has millions of them. */
export async function* eventsOf(control: Asked, file: string, offset: number, firstPage = PAGE): AsyncGenerator<Row> {
  let at = offset;
  for (let count = firstPage; ; count = PAGE) {
    const events = await eventsFrom(control, file, at, count);
    yield* events;
    const last = events.at(-1);
    if (last === undefined || events.length < count) return;
    at = endOf(last);
  }
}

/** End_log_pos is of 32 bits, Pos of 64. */
function endOf(event: Row): number {
  const position = numberOf(event, 'Pos');
  const end = position - (position % TWO_TO_32) + numberOf(event, 'End_log_pos');
  return end < position ? end + TWO_TO_32 : end;
}

const TWO_TO_32 = 2 ** 32;

async function eventsFrom(control: Asked, file: string, offset: number, count: number): Promise<readonly Row[]> {
  try {
    return await control.query(`SHOW BINLOG EVENTS IN ? FROM ${offset} LIMIT ${count}`, [file]);
  } catch (error) {
    if (serverErrorNumber(error) !== CANNOT_SHOW) throw error;
    const text = String(error);
    if (/crc check failed/i.test(text)) throw damagedFile(file, text, error);
    // A file that was removed meanwhile is another matter.
    if (!/target log/.test(text)) throw notABoundary(file, offset, error);
    throw error;
  }
}

/** `SET @@SESSION.GTID_NEXT= '<gtid>'` */
export function gtidOf(event: Row): string {
  const [, gtid = ''] = /'([^']+)'/.exec(textOf(event, 'Info')) ?? [];
  return gtid;
}

/** Of a server that looks at the checksums itself; see dump-errors.ts. */
function damagedFile(file: string, text: string, cause: unknown): RelayError {
  const [at = file] = /at position \d+/.exec(text) ?? [];
  return new RelayError('BINLOG_CHECKSUM', `the server says that its ${file} is damaged: ${at}`, {
    remedy: VERIFYING_SERVER,
    cause,
  });
}

function notABoundary(file: string, offset: number, cause?: unknown): RelayError {
  return new RelayError('SOURCE_POSITION_INVALID', `${file}:${offset} is not the boundary of a transaction`, {
    details: { file, offset },
    remedy: `SHOW BINLOG EVENTS IN '${file}' lists the positions; use that of a Gtid or Anonymous_Gtid event, or 4.`,
    cause,
  });
}
