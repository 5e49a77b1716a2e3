/** The table of checkpoints: one row for each relay. */
import { quoted, quotedTable } from '../mysql/quoted.ts';

interface TablePlace {
  readonly database: string;
  readonly table: string;
}

/** Types of the columns, by their names. */
const COLUMNS = {
  name: 'VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY',
  revision: 'BIGINT NOT NULL',
  writer: 'CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL',
  stream: 'VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL',
  epoch: 'BIGINT NOT NULL',
  current: 'LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL',
  previous: 'LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL',
} as const;

/** SQL that makes it where it is missing. */
export function tableDefinition({ database, table }: TablePlace): string {
  const columns = Object.entries(COLUMNS).map(([name, type]) => `${quoted(name)} ${type}`);
  return `CREATE TABLE IF NOT EXISTS ${quotedTable(database, table)} (${columns.join(', ')}) ENGINE = InnoDB`;
}

/** Parameter: name. */
export function selectSql({ database, table }: TablePlace): string {
  const columns = Object.keys(COLUMNS).filter((column) => column !== 'name');
  return `SELECT ${columns.map(quoted).join(', ')} FROM ${quotedTable(database, table)} WHERE ${quoted('name')} = ?`;
}

/** Parameters: all columns in their order. */
export function insertSql({ database, table }: TablePlace): string {
  const columns = Object.keys(COLUMNS);
  const values = columns.map(() => '?').join(', ');
  return `INSERT INTO ${quotedTable(database, table)} (${columns.map(quoted).join(', ')}) VALUES (${values})`;
}

/**
 * The fence: what another run has stored since, or what is of another stream, it does not change. Parameters: all
 * columns but the name in their order; then name, known revision, stream, epoch.
 */
export function replaceSql({ database, table }: TablePlace): string {
  const columns = Object.keys(COLUMNS).filter((column) => column !== 'name');
  const changes = columns.map((column) => `${quoted(column)} = ?`).join(', ');
  return `UPDATE ${quotedTable(database, table)} SET ${changes} WHERE \`name\` = ? AND \`revision\` = ? AND \`stream\` = ? AND \`epoch\` <= ?`;
}
