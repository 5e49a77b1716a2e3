import type { ApplyConfig } from '../../config/config.ts';
import type { LaneState, Ledger } from '../ledger/ledger.ts';
import type { Tables } from '../tables/tables.ts';
import type { MetStatements } from './met-statements.ts';
import type { Written } from './status.ts';
import type { Streams } from './streams.ts';
import type { TableChoice } from './table-choice.ts';

/** What all lanes share. */
export interface WriterOptions {
  readonly ledger: Ledger;
  readonly streams: Streams;
  readonly tables: Tables;
  readonly choice: TableChoice;
  readonly deletes: ApplyConfig['deletes'];
  readonly statements: MetStatements;
  readonly onCommitted: (lane: string, state: LaneState, written: Written) => void;
  readonly onDropped: () => void;
  readonly onPassed: () => void;
  /** A table is missing, and will be made when a copy of it begins: its rows are passed over until then. */
  readonly onAwaited: (table: string) => void;
  readonly onCopyBegun: (table: string) => void;
}
