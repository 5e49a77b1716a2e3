import { FENCE } from '../target/target-errors.ts';
import { quoted, quotedTable } from '../../mysql/quoted.ts';
import { PROGRESS_COLUMNS } from './lane-state.ts';
import { STATEMENT_COLUMNS } from './statement-notes.ts';

/**
 * The tables of the ledger. Names and ids are bytes: compared exactly, whatever the server's collation.
 * `apply_stream`: the stream that a topic is read of. `apply_lane`: how far each of its lanes is written, what its
 * newest progress message has said, and the statement that it waits at. `apply_statement`: statements that lanes have
 * come to. `apply_replacement`: tables without a key whose rows come anew, per lane, until their old rows are removed.
 * `apply_change`: the newest changes of tables without a key, by transaction, which may come again under other
 * sequences after a crash of the relay.
 */
export function ledgerDefinitions(database: string): readonly string[] {
  const topic = 'topic VARBINARY(255) NOT NULL, stream VARBINARY(255) NOT NULL';
  const table = 'database_name VARBINARY(256) NOT NULL, table_name VARBINARY(256) NOT NULL';
  const create = (name: string, columns: string): string =>
    `CREATE TABLE IF NOT EXISTS ${quotedTable(database, name)} (${columns}) ENGINE = InnoDB`;
  return [
    create(
      'apply_stream',
      'topic VARBINARY(255) NOT NULL PRIMARY KEY, stream VARBINARY(255) NOT NULL, from_here TINYINT NOT NULL, since DATETIME(6) NOT NULL',
    ),
    create(
      'apply_lane',
      `${topic}, lane VARBINARY(255) NOT NULL, epoch BIGINT NOT NULL, sequence BIGINT NOT NULL, waits_for VARBINARY(255) NULL, ` +
        'gtid VARBINARY(1024) NOT NULL, committed_ms BIGINT NOT NULL, applied_at DATETIME(6) NOT NULL, ' +
        `${definitionsOf(PROGRESS_COLUMNS).join(', ')}, ` +
        `PRIMARY KEY (topic, stream, lane), CONSTRAINT ${quoted(FENCE)} CHECK (sequence >= 0)`,
    ),
    create(
      'apply_statement',
      `${topic}, id VARBINARY(255) NOT NULL, lanes INT NOT NULL, statement LONGBLOB NOT NULL, done_at DATETIME(6) NULL, ` +
        'PRIMARY KEY (topic, stream, id)',
    ),
    create(
      'apply_replacement',
      `${topic}, lane VARBINARY(255) NOT NULL, ${table}, mark VARBINARY(255) NOT NULL, lanes INT NOT NULL, state TINYINT NOT NULL, ` +
        'PRIMARY KEY (topic, stream, database_name, table_name, lane)',
    ),
    create(
      'apply_change',
      `${topic}, ${table}, transaction VARBINARY(255) NOT NULL, last_change BIGINT NOT NULL, applied_at DATETIME(6) NOT NULL, ` +
        'PRIMARY KEY (topic, stream, database_name, table_name, transaction), KEY (applied_at)',
    ),
  ];
}

/** Columns that tables of a ledger that was made before there were any lack. */
export const ADDED_COLUMNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  apply_lane: PROGRESS_COLUMNS,
  apply_statement: STATEMENT_COLUMNS,
};

export const definitionsOf = (columns: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(columns).map(([name, type]) => `${name} ${type}`);
