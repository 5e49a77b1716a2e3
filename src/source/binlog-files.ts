/** The binlog files of the server, asked by SHOW BINARY LOGS and SHOW BINLOG EVENTS. */
import { RelayError } from '../base/errors.ts';
import type { FilePosition } from '../binlog/binlog.ts';
import { GtidSet } from '../binlog/gtid-set.ts';
import { serverErrorNumber } from './mysql-errors.ts';
import { numberOf, textOf, type Asked, type Row } from './rows.ts';

export interface BinlogFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/** Where the first event of a file is: behind its 4 magic bytes. */
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
  'Binlog_checkpoint',
]);
const GTID_EVENTS = new Set(['Gtid', 'Gtid_tagged_log_event']);

/** Oldest first; never empty. Throws SOURCE_SETTINGS when the server writes no binlog, SOURCE_GRANT_MISSING without REPLICATION CLIENT. */
export async function binlogFiles(control: Asked): Promise<readonly [BinlogFile, ...BinlogFile[]]> {
  const [first, ...rest] = (await control.query('SHOW BINARY LOGS')).map((row) => ({
    name: textOf(row, 'Log_name'),
    sizeBytes: numberOf(row, 'File_size'),
  }));
  if (first !== undefined) return [first, ...rest];
  throw new RelayError('SOURCE_SETTINGS', 'the server has no binlog files', { remedy: 'Start mysqld with --log-bin.' });
}

/**
 * Throws SOURCE_POSITION_INVALID when no transaction begins or ends at the position. The end of the file is such a place.
 * 9.x answers for a place inside an event with the next event, so the answer's own position counts.
 */
export async function requireBoundary(control: Asked, { file, offset }: FilePosition): Promise<void> {
  const [event] = await eventsFrom(control, file, offset, 1);
  if (event === undefined) return;
  if (numberOf(event, 'Pos') === offset && BOUNDARIES.has(textOf(event, 'Event_type'))) return;
  throw notABoundary(file, offset);
}

/**
 * The GTIDs of everything before the position: those that the file begins with, and those in it. Reads the file's list of events up to there.
 * Throws SOURCE_POSITION_INVALID when the position is not a boundary.
 */
export async function gtidSetBefore(control: Asked, { file, offset }: FilePosition): Promise<string> {
  const set = new GtidSet();
  let isBoundary = offset === FIRST_OFFSET;
  let at = FIRST_OFFSET;
  // Begins at the first event even for offset 4: what the file starts from stands in its second one.
  for (;;) {
    const events = await eventsFrom(control, file, at, PAGE);
    for (const event of events) {
      const position = numberOf(event, 'Pos');
      const type = textOf(event, 'Event_type');
      const isBefore = position < offset;
      if (!isBefore && type !== 'Format_desc' && type !== 'Previous_gtids') {
        if (isBoundary || (position === offset && BOUNDARIES.has(type))) return set.toString();
        throw notABoundary(file, offset);
      }
      if (position === offset) isBoundary = true;
      if (type === 'Previous_gtids') set.union(GtidSet.parse(textOf(event, 'Info')));
      if (GTID_EVENTS.has(type)) set.union(GtidSet.parse(gtidOf(event)));
      at = numberOf(event, 'End_log_pos');
    }
    if (events.length === PAGE) continue;
    if (isBoundary || at === offset) return set.toString();
    throw notABoundary(file, offset);
  }
}

async function eventsFrom(control: Asked, file: string, offset: number, count: number): Promise<readonly Row[]> {
  try {
    return await control.query(`SHOW BINLOG EVENTS IN ? FROM ${offset} LIMIT ${count}`, [file]);
  } catch (error) {
    if (serverErrorNumber(error) === CANNOT_SHOW) throw notABoundary(file, offset, error);
    throw error;
  }
}

/** `SET @@SESSION.GTID_NEXT= '<gtid>'` */
function gtidOf(event: Row): string {
  const [, gtid = ''] = /'([^']+)'/.exec(textOf(event, 'Info')) ?? [];
  return gtid;
}

function notABoundary(file: string, offset: number, cause?: unknown): RelayError {
  return new RelayError('SOURCE_POSITION_INVALID', `${file}:${offset} is not the boundary of a transaction`, {
    details: { file, offset },
    remedy: `SHOW BINLOG EVENTS IN '${file}' lists the positions; use that of a Gtid or Anonymous_Gtid event, or 4.`,
    cause,
  });
}
