import { quotedTable } from '../../mysql/quoted.ts';
import { textLiteral } from '../rows/literal.ts';

/** Names as the source has them. */
export interface TableOfSource {
  readonly database: string;
  readonly table: string;
}

/** One text for the two names. */
export const tableKey = (database: string, table: string): string => JSON.stringify([database, table]);

/** What the ledger calls the topic. */
export const topicInLedger = ({ namespace, topic }: { readonly namespace: string; readonly topic: string }): string =>
  namespace === '' ? topic : `${namespace}%${topic}`;

/** Where in the ledger's tables what belongs to one topic stands, as SQL. */
export class LedgerPlace {
  readonly #database: string;
  /** As a literal. */
  readonly topic: string;

  constructor(database: string, topic: string) {
    this.#database = database;
    this.topic = textLiteral(topic);
  }

  table(name: string): string {
    return quotedTable(this.#database, name);
  }

  of(stream: string): string {
    return `topic = ${this.topic} AND stream = ${textLiteral(stream)}`;
  }

  ofTable(stream: string, { database, table }: TableOfSource): string {
    return `${this.of(stream)} AND database_name = ${textLiteral(database)} AND table_name = ${textLiteral(table)}`;
  }
}
