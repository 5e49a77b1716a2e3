import { RelayError } from '../base/errors.ts';

export type FindingCode =
  | 'BINLOG_OFF'
  | 'BINLOG_FORMAT'
  | 'BINLOG_ROW_IMAGE'
  | 'BINLOG_ROW_METADATA'
  | 'BINLOG_FILTERED'
  | 'BINLOG_RETENTION'
  | 'SERVER_NOT_SUPPORTED'
  | 'GRANT_MISSING'
  | 'REPLICA_WITHOUT_UPDATES'
  | 'COLUMN_NOT_SUPPORTED'
  | 'TABLE_NOT_SUPPORTED'
  | 'KEY_COLUMN_EXCLUDED'
  | 'TABLE_NOT_FOUND'
  | 'SCHEMA_NOT_VISIBLE'
  | 'SYNC_BINLOG'
  | 'INNODB_FLUSH'
  | 'GTID_OFF'
  | 'CASCADE_HIDDEN'
  | 'NO_PRIMARY_KEY'
  | 'XA_PREPARED'
  | 'ENGINE_NOT_TRANSACTIONAL'
  | 'NOT_ENCRYPTED'
  | 'COPY_WITHOUT_GTIDS'
  | 'COPY_ENGINE'
  | 'COPY_REPLICA_WRITTEN';

/** Something about the server that an operator should know before the relay runs. */
export interface Finding {
  /**
   * error: the relay would stop, or the copy would be wrong. warning: it works, with the limit that the message names.
   */
  readonly level: 'error' | 'warning';
  readonly code: FindingCode;
  readonly message: string;
  /** What to do; SQL where SQL does it. */
  readonly remedy: string;
}

/**
 * The warnings, one sentence each. Throws SOURCE_SETTINGS with all errors in one message when there are any;
 * SOURCE_GRANT_MISSING, SOURCE_NOT_SUPPORTED or COPY_WITHOUT_GTIDS when that is the only one.
 */
export function requireNoErrors(findings: readonly Finding[]): readonly string[] {
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.length === 0) return findings.map(({ message, remedy }) => `${message} ${remedy}`);
  throw new RelayError(codeOf(errors), errors.map(({ message }) => message).join(' '), {
    details: { findings: errors.map(({ code }) => code) },
    remedy: errors.map(({ remedy }) => remedy).join(' '),
  });
}

/** The code that a run would end with, if these were the only errors. */
export function codeOf(
  errors: readonly Finding[],
): 'SOURCE_SETTINGS' | 'SOURCE_GRANT_MISSING' | 'SOURCE_NOT_SUPPORTED' | 'COPY_WITHOUT_GTIDS' {
  if (errors.every(({ code }) => code === 'GRANT_MISSING')) return 'SOURCE_GRANT_MISSING';
  if (errors.every(({ code }) => code === 'SERVER_NOT_SUPPORTED')) return 'SOURCE_NOT_SUPPORTED';
  if (errors.every(({ code }) => code === 'COPY_WITHOUT_GTIDS')) return 'COPY_WITHOUT_GTIDS';
  return 'SOURCE_SETTINGS';
}

/** Names for a message: all of a few, the first of many. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown;
}

const MAX_NAMES = 10;

/** A GTID set, or position, for a message: whole, or as much of its beginning as one can read. */
export function someGtids(gtids: string): string {
  if (gtids.length <= MAX_GTID_CHARACTERS) return gtids;
  const shown = gtids.slice(0, MAX_GTID_CHARACTERS).replace(/[,:-][^,:-]*$/, '');
  return `${shown} and more (${gtids.length} characters in all)`;
}

const MAX_GTID_CHARACTERS = 400;
