/**
 * FORMAT_DESCRIPTION: first event of every file. Source: Format_description_event in
 * libs/mysql/binlog/event/control_events.h
 *
 *   binlog version 2 | server version 50, zero-padded | created 4 | header length 1 | post-header lengths, one byte per event type |
 *   checksum algorithm 1 | crc32 4
 *
 * The last five bytes are there whatever the algorithm says, so that a reader finds them before it knows the algorithm.
 */
import { RelayError } from '../../base/errors.ts';
import { CHECKSUM_BYTES } from '../wire/checksum.ts';
import { Cursor } from '../wire/cursor.ts';
import { HEADER_BYTES } from '../wire/event-header.ts';

export interface FormatDescription {
  /** The writer's version as it prints it: `8.0.36-log`. */
  readonly serverVersion: string;
  /** The same as a number to compare: 80036; MariaDB's has MARIADB added. 0 when the text has no such form. */
  readonly versionNumber: number;
  /** What ends the events after this one: nothing, or CHECKSUM_BYTES of CRC32. */
  readonly checksum: 'off' | 'crc32';
}

/** What the version numbers of MariaDB begin at, whose binlogs differ from those of any MySQL. */
const MARIADB = 1_000_000;

/** `versionNumber`: that of FormatDescription. */
export const isMariadbVersion = (versionNumber: number): boolean => versionNumber >= MARIADB;

const NAME = 'FORMAT_DESCRIPTION';
const VERSION_BYTES = 50;

/** `b[start, end)` with its checksum bytes, which this event always has. Throws BINLOG_DECODE, BINLOG_UNSUPPORTED. */
export function readFormatDescription(b: Buffer, start: number, end: number): FormatDescription {
  const cursor = new Cursor(NAME, b, start, start + HEADER_BYTES, end);
  const binlogVersion = cursor.u16('a binlog version');
  if (binlogVersion !== 4) {
    throw new RelayError('BINLOG_UNSUPPORTED', `${NAME}: binlog version ${binlogVersion}; this relay reads version 4`);
  }
  const padded = cursor.latin1(VERSION_BYTES, 'a server version');
  const zero = padded.indexOf('\0');
  const serverVersion = zero < 0 ? padded : padded.slice(0, zero);
  cursor.skip(4, 'a creation time');
  const headerBytes = cursor.u8('a header length');
  if (headerBytes !== HEADER_BYTES) cursor.fail(`header length ${HEADER_BYTES}, not ${headerBytes}`);
  cursor.skip(cursor.left - 1 - CHECKSUM_BYTES, 'the lengths of post-headers and the checksum algorithm');
  const algorithm = cursor.u8('a checksum algorithm');
  if (algorithm > 1) {
    throw new RelayError(
      'BINLOG_UNSUPPORTED',
      `${NAME}: checksum algorithm ${algorithm}; this relay knows 0 (off) and 1 (CRC32)`,
      {
        remedy: 'Set binlog_checksum to CRC32 or NONE: SET GLOBAL binlog_checksum = CRC32',
      },
    );
  }
  return { serverVersion, versionNumber: versionNumber(serverVersion), checksum: algorithm === 1 ? 'crc32' : 'off' };
}

function versionNumber(text: string): number {
  const match = /^(\d{1,3})\.(\d{1,2})\.(\d{1,2})(?!\d)/.exec(text);
  if (match === null) return 0;
  const [, major, minor, patch] = match;
  const number = Number(major) * 10_000 + Number(minor) * 100 + Number(patch);
  return /mariadb/i.test(text) ? MARIADB + number : number;
}
