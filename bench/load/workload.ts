/** What is written while the relay is stopped. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  /** Of one table whose key is a BIGINT in its first column: what the prototype of the whole way knows. */
  readonly onlyInserts: boolean;
  /** Of each table, where that is the question. */
  readonly columns?: number;
  /** Statements that create the tables, in the database of the load. */
  readonly tables: readonly string[];
  /** Every transaction, in commit order. */
  transactions(scale: number, seed: number): Iterable<LoadTransaction>;
}

export interface LoadTransaction {
  /** More than one are put between BEGIN and COMMIT. */
  readonly statements: readonly string[];
  /** Row changes that they make in the binlog. */
  readonly changes: number;
}

/** What was written. Plain data: it is kept beside the data folder. */
export interface LoadCounts {
  readonly transactions: number;
  readonly changes: number;
}
