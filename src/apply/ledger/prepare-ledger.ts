import { RelayError } from '../../base/errors.ts';
import { quoted, quotedTable } from '../../mysql/quoted.ts';
import { textLiteral } from '../rows/literal.ts';
import type { Session } from '../target/target.ts';
import { ADDED_COLUMNS, definitionsOf, ledgerDefinitions } from './ledger-tables.ts';

/** Makes what is missing of the ledger, and adds what one of an older version lacks. Throws as sessions do. */
export async function prepareLedger(session: Session, database: string): Promise<void> {
  const found = await session.query(
    `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${textLiteral(database)}`,
  );
  if (found.length === 0) await session.query(`CREATE DATABASE IF NOT EXISTS ${quoted(database)}`);
  for (const sql of ledgerDefinitions(database)) await session.query(sql);
  const upgrades = await ledgerUpgrades(session, database);
  for (const sql of upgrades) await upgrade(session, database, sql);
}

/** Statements that make of a ledger of an older version one of this. Changes nothing. */
export async function ledgerUpgrades(session: Session, database: string): Promise<readonly string[]> {
  const rows = await session.query(
    'SELECT TABLE_NAME AS owner, COLUMN_NAME AS name FROM information_schema.COLUMNS ' +
      `WHERE TABLE_SCHEMA = ${textLiteral(database)} AND TABLE_NAME LIKE 'apply\\_%'`,
  );
  const found = new Set(rows.map(({ owner, name }) => `${owner ?? ''}.${name ?? ''}`.toLowerCase()));
  return Object.entries(ADDED_COLUMNS).flatMap(([table, columns]) => {
    const missing = Object.entries(columns).filter(([name]) => !found.has(`${table}.${name}`));
    const isThere = rows.some(({ owner }) => owner === table);
    if (missing.length === 0 || !isThere) return [];
    const added = definitionsOf(Object.fromEntries(missing)).map((definition) => `ADD COLUMN ${definition}`);
    return [`ALTER TABLE ${quotedTable(database, table)} ${added.join(', ')}`];
  });
}

async function upgrade(session: Session, database: string, sql: string): Promise<void> {
  try {
    await session.query(sql);
  } catch (thrown) {
    // Another apply may have been first.
    if (!session.isOver && !(await ledgerUpgrades(session, database)).includes(sql)) return;
    if (!(thrown instanceof RelayError) || thrown.code !== 'TARGET_GRANT_MISSING') throw thrown;
    throw new RelayError('TARGET_GRANT_MISSING', `the ledger is of an older version: ${thrown.message}`, {
      remedy: `GRANT ALTER ON ${quoted(database)}.* to the account; or run once: ${sql}`,
      details: thrown.details,
      cause: thrown,
    });
  }
}
