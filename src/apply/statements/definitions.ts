import { RelayError } from '../../base/errors.ts';
import { textLiteral } from '../rows/literal.ts';
import type { Session } from '../target/target.ts';

/** The server's own text of the table, without what its rows change; undefined when there is none. */
export async function showCreate(session: Session, name: string): Promise<string | undefined> {
  try {
    const [row] = await session.query(`SHOW CREATE TABLE ${name}`);
    return row?.['Create Table']?.replace(/ AUTO_INCREMENT=\d+/, '');
  } catch (thrown) {
    if (thrown instanceof RelayError && thrown.code === 'TARGET_TABLE_MISSING') return undefined;
    throw thrown;
  }
}

/** Whether a UNIQUE or PRIMARY key has a text, so that a collation decides which rows are the same. */
export async function hasTextInKey(session: Session, database: string, table: string): Promise<boolean> {
  const of = (alias: string): string =>
    `${alias}.TABLE_SCHEMA = ${textLiteral(database)} AND ${alias}.TABLE_NAME = ${textLiteral(table)}`;
  const rows = await session.query(
    'SELECT c.COLUMN_NAME AS name FROM information_schema.STATISTICS s JOIN information_schema.COLUMNS c ' +
      `ON ${of('c')} AND c.COLUMN_NAME = s.COLUMN_NAME WHERE ${of('s')} AND s.NON_UNIQUE = 0 AND c.COLLATION_NAME IS NOT NULL`,
  );
  return rows.length > 0;
}
