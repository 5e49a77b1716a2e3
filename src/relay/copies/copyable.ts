import { RelayError } from '../../base/errors.ts';
import type { CopyPart } from '../../checkpoint/checkpoint.ts';
import type { TableDefinition } from '../../source/source.ts';

/**
 * Throws COPY_TABLE_UNSUPPORTED for a table of which a read may see what the binlog does not have yet, or does not see
 * all that the binlog has.
 */
export function requireCopyable({ table, engine, isVersioned }: TableDefinition): void {
  if (isVersioned) {
    throw new RelayError(
      'COPY_TABLE_UNSUPPORTED',
      `${table.database}.${table.name} has system versioning: a SELECT shows its rows of now, the binlog all of them`,
      { remedy: 'Copy it by hand if its readers need what was there before the relay.' },
    );
  }
  if (engine.toLowerCase() === 'innodb') return;
  throw new RelayError(
    'COPY_TABLE_UNSUPPORTED',
    `${table.database}.${table.name} is a table of ${engine}: what it shows, and when, has nothing to do with the binlog`,
    { remedy: `ALTER TABLE … ENGINE = InnoDB, then binlog-relay copy ${table.database}.${table.name}.` },
  );
}

/** Throws COPY_TABLE_UNSUPPORTED for a table of which a part cannot be named by keys. */
export function requireKeyed({ table: { database, name, primaryKey } }: TableDefinition, part: CopyPart): void {
  const table = `${database}.${name}`;
  if (primaryKey.length === 0)
    throw new RelayError('COPY_TABLE_UNSUPPORTED', `${table} has no primary key that a part of it could be named by`, {
      remedy: `Copy the whole table: binlog-relay copy ${table}.`,
    });
  if (part.of === 'range' || primaryKey.every(({ prefix }) => prefix === 0)) return;
  throw new RelayError(
    'COPY_TABLE_UNSUPPORTED',
    `the primary key of ${table} has only the beginning of a column, which names no row to its readers`,
    { remedy: 'Copy a range of it (--from, --to), or the whole table.' },
  );
}
