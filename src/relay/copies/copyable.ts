import { RelayError } from '../../base/errors.ts';
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
