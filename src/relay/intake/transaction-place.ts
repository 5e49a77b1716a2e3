import { serverGtid } from '../../binlog/gtids/gtids.ts';

/** Which transaction it is and where it stands, for people and for `run --skip`. */
export interface TransactionPlace {
  /** See Transaction. */
  readonly source: string;
  readonly number: string;
  readonly hasGtid: boolean;
  /** Where it begins: file:position of its first event. */
  readonly begins: string;
  /** ms since 1970. */
  readonly commitTimeMs: number;
}

/** What `run --skip` takes for this transaction. */
export const skipArgument = ({ source, number, hasGtid, begins }: TransactionPlace): string =>
  hasGtid ? serverGtid(`${source}:${number}`) : begins;
