import type { Logger } from '../../base/log.ts';
import { describeTable } from '../tables/described-table.ts';
import { tablePair, type TablePair } from '../tables/table-pair.ts';
import { KeyedTable } from '../pass/keyed-table.ts';
import type { TableOptions } from '../pass/table-options.ts';
import { compareKeyless } from '../pass/keyless-table.ts';
import type { Compared } from '../pass/table-place.ts';
import type { TableResult, TableState } from '../verify.ts';
import type { Pass, Store } from './store.ts';

export interface ComparisonOptions extends Omit<TableOptions, 'pair' | 'onPlace' | 'onProgress'> {
  readonly store: Store;
  /** Name of the database in the target. */
  readonly databaseOf: (database: string) => string;
  /** A column of the target that is NULL but in rows that are deleted; undefined: there is none. */
  readonly softDelete: string | undefined;
  /** A table that is missing is made when a copy of it begins. */
  readonly awaitsMissing: boolean;
  readonly onProgress: (pair: TablePair, progress: Parameters<TableOptions['onProgress']>[0]) => void;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Compares one table of the source, from where the pass has come in it. */
export async function compareTable(
  options: ComparisonOptions,
  pass: Pass,
  { database, table }: { readonly database: string; readonly table: string },
): Promise<TableResult> {
  const { ends, store, databaseOf, awaitsMissing, onProgress, clock, logger } = options;
  const result = (state: TableState, found: Partial<TableResult> = {}): TableResult => ({
    database,
    table,
    state,
    reason: '',
    rows: 0,
    differences: [],
    different: 0,
    isCut: false,
    undecided: 0,
    undecidedRows: [],
    repaired: 0,
    missingColumns: [],
    incomparableColumns: [],
    verifiedAt: new Date(clock.now()).toISOString(),
    ...found,
  });
  const source = await describeTable(await ends.source(), database, table);
  if (source === undefined) return result('gone');
  if (source.kind !== 'BASE TABLE') return result('unsupported', { reason: `it is a ${source.kind}` });
  const target = await describeTable(await ends.target(), databaseOf(database), table);
  if (target === undefined) return result(awaitsMissing ? 'awaited' : 'missing');
  const pair = tablePair(source, target, options.softDelete);
  if (!pair.hasKey && options.rules.allowsExtra)
    return result('unsupported', { reason: 'it has no key, and with deletes: ignore the target may have more rows' });
  if (pair.missing.length + pair.incomparable.length > 0) {
    const columns = { missing: pair.missing, incomparable: pair.incomparable };
    logger.warn({ table: pair.name, ...columns }, 'columns are not compared');
  }

  const key = pair.source.key.map(({ name }) => name);
  const compared = pair.hasKey
    ? await new KeyedTable(
        {
          ...options,
          pair,
          onPlace: async (place) => store.keepPlace(await ends.target(), pass, { database, table }, key, place),
          onProgress: (progress) => onProgress(pair, progress),
        },
        await store.place(await ends.target(), pass, { database, table }, key),
      ).run()
    : await compareKeyless({ ...options, pair, onProgress: (progress) => onProgress(pair, progress) });
  return result(stateOf(compared), {
    ...compared,
    missingColumns: pair.missing,
    incomparableColumns: pair.incomparable,
  });
}

function stateOf({ different, undecided }: Compared): TableState {
  if (different > 0) return 'different';
  return undecided > 0 ? 'undecided' : 'equal';
}
