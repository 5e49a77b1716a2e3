import { RelayError } from '../../base/errors.ts';
import { quoted, quotedTable } from '../../mysql/quoted.ts';
import { textLiteral } from '../rows/literal.ts';
import type { Session } from '../target/target.ts';
import { PROGRESS_COLUMNS } from './lane-state.ts';
import { definitionsOf, ledgerDefinitions } from './ledger-tables.ts';

/** Makes what is missing of the ledger, and adds what one of an older version lacks. Throws as sessions do. */
export async function prepareLedger(session: Session, database: string): Promise<void> {
  const found = await session.query(
    `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${textLiteral(database)}`,
  );
  if (found.length === 0) await session.query(`CREATE DATABASE IF NOT EXISTS ${quoted(database)}`);
  for (const sql of ledgerDefinitions(database)) await session.query(sql);
  const missing = await missingColumns(session, database);
  if (missing.length > 0) await addColumns(session, database, missing);
}

/** The statement that makes of a ledger of an older version one of this; undefined when it is. Changes nothing. */
export async function ledgerUpgrade(session: Session, database: string): Promise<string | undefined> {
  const missing = await missingColumns(session, database);
  return missing.length === 0 ? undefined : upgradeSql(database, missing);
}

/** Columns that a ledger of an older version lacks. */
async function missingColumns(session: Session, database: string): Promise<readonly string[]> {
  const columns = await session.query(
    'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS ' +
      `WHERE TABLE_SCHEMA = ${textLiteral(database)} AND TABLE_NAME = 'apply_lane'`,
  );
  const names = new Set(columns.map(({ name }) => (name ?? '').toLowerCase()));
  return Object.keys(PROGRESS_COLUMNS).filter((name) => !names.has(name));
}

function upgradeSql(database: string, missing: readonly string[]): string {
  const added = Object.fromEntries(Object.entries(PROGRESS_COLUMNS).filter(([name]) => missing.includes(name)));
  const columns = definitionsOf(added).map((definition) => `ADD COLUMN ${definition}`);
  return `ALTER TABLE ${quotedTable(database, 'apply_lane')} ${columns.join(', ')}`;
}

async function addColumns(session: Session, database: string, missing: readonly string[]): Promise<void> {
  const sql = upgradeSql(database, missing);
  try {
    await session.query(sql);
  } catch (thrown) {
    // Another apply may have been first.
    if (!session.isOver && (await missingColumns(session, database)).length === 0) return;
    if (!(thrown instanceof RelayError) || thrown.code !== 'TARGET_GRANT_MISSING') throw thrown;
    throw new RelayError('TARGET_GRANT_MISSING', `the ledger is of an older version: ${thrown.message}`, {
      remedy: `GRANT ALTER ON ${quoted(database)}.* to the account; or run once: ${sql}`,
      details: thrown.details,
      cause: thrown,
    });
  }
}
