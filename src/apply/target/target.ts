/** What the other rooms of apply know of the target. */

/** What a server is, as far as it changes what is sent to it. */
export interface TargetServer {
  readonly flavour: 'mysql' | 'mariadb';
  /** As the server says it: `9.7.4`, `10.11.6-MariaDB`. */
  readonly version: string;
  /** The longest packet that it takes. */
  readonly maxPacketBytes: number;
  /** Tells servers behind one address apart; not one from what it was before a restart. */
  readonly instance: string;
  /** Of this session, as SHOW PROCESSLIST has it. */
  readonly connectionId: string;
}

/** One row of an answer: each value as the server's text. */
export type AnswerRow = Readonly<Record<string, string | null>>;

/** What a statement has done. */
export interface Outcome {
  /** Rows that it found, changed or not. */
  readonly found: number;
  readonly warnings: number;
}

/** A statement that is under way; each has one of its own. */
export interface Wait {
  /** On the monotonic clock. */
  readonly sinceMs: number;
  /** How long what was sent is. */
  readonly bytes: number;
}

/** One connection. Every method throws RelayErrors; after one that says TARGET_UNREACHABLE it is over. */
export interface Session {
  readonly server: TargetServer;
  readonly isOver: boolean;
  /** When it was opened, on the monotonic clock. */
  readonly beganMs: number;
  /** For the answer to a statement; undefined while none is under way. */
  readonly waits: Wait | undefined;
  /** How much has come from the server so far. */
  readonly heardBytes: number;
  query(sql: string): Promise<readonly AnswerRow[]>;
  /** Sends statements without answers of rows in one packet, and tells what each has done. */
  run(statements: readonly Uint8Array[]): Promise<readonly Outcome[]>;
  /** Ends the connection at once; what is under way fails with `why`, and the server rolls it back. */
  destroy(why?: string): void;
}
