/** How far the copy of a table is, as the checkpoint keeps it. */
import { RelayError } from '../../base/errors.ts';
import type { TableCopy } from '../../checkpoint/checkpoint.ts';
import type { TableDefinition } from '../../source/source.ts';

const ZERO = Buffer.alloc(1);

/** What the parts of a place are. Where this differs, the rows have another order. */
export function keyOf({ table }: TableDefinition): string {
  return table.primaryKey
    .map(({ column: { name, type, collation, labels }, prefix }) => {
      // An ENUM is in the order of its labels.
      const order =
        labels.length === 0 ? [] : [Buffer.concat(labels.flatMap((label) => [label, ZERO])).toString('hex')];
      return [name, type, collation, prefix, ...order].join(' ');
    })
    .join(', ');
}

export const placeOf = (key: readonly Buffer[]): readonly string[] => key.map((part) => part.toString('hex'));

/** The key of the last row that was copied; undefined when the table is copied from its beginning. */
export function afterOf(
  { after, key, database, table }: TableCopy,
  definition: TableDefinition,
): readonly Buffer[] | undefined {
  if (after === undefined || key !== keyOf(definition)) return undefined;
  if (after.length !== definition.table.primaryKey.length) {
    throw new RelayError(
      'COPY_PLACE_INVALID',
      `the checkpoint has a place of ${after.length} ${after.length === 1 ? 'part' : 'parts'} for the copy of ${database}.${table}, whose key has ${definition.table.primaryKey.length}`,
    );
  }
  return after.map((part) => Buffer.from(part, 'hex'));
}
