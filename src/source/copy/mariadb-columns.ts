/** Columns that MariaDB makes for itself: they are in the binlog, and information_schema does not show them. */
import type { Column } from '../../binlog/binlog.ts';
import { TYPE } from '../../binlog/wire/column-types.ts';
import type { Row } from '../rows.ts';
import type { IndexInfo } from './definition-queries.ts';

const PLAIN = { meta: 0, nullable: false, unsigned: false, collation: 0, labels: [], subtype: 0 } as const;

/** From when to when a row of a table WITH SYSTEM VERSIONING was valid, unless the table declares columns for it. */
export function versionColumns(rows: readonly Row[]): readonly ((index: number) => Column)[] {
  if (rows.some((row) => row['expression'] === 'ROW START')) return [];
  return ['row_start', 'row_end'].map((name) => (index) => ({ ...PLAIN, index, name, type: TYPE.TIMESTAMP2, meta: 6 }));
}

/** A hash for every unique key that is too long for an index of its own, in the order of the keys. */
export function hashColumns(columns: readonly Column[], indexes: readonly IndexInfo[], engine: string): Column[] {
  if (engine === 'MEMORY') return [];
  const names = new Set(columns.map(({ name }) => name.toUpperCase()));
  let number = 0;
  return indexes
    .filter(({ isHash, isUnique }) => isHash && isUnique)
    .map(({ parts }, i) => {
      do number++;
      while (names.has(`DB_ROW_HASH_${number}`));
      return {
        ...PLAIN,
        index: columns.length + i,
        name: `DB_ROW_HASH_${number}`,
        type: TYPE.LONGLONG,
        unsigned: true,
        nullable: parts.some(({ isNullable }) => isNullable),
        isHidden: true,
      };
    });
}
