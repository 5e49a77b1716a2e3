/**
 * The room of what an operator sees from outside: health, metrics and status over HTTP. It reads one snapshot, the
 * RelayStatus, for each request. There is no log-in: what it shows holds no secret and no value of a row, and all that
 * can be done is to acknowledge notices, and to have tables copied.
 */

export interface AdminServer {
  /** Where it listens, with the real port: `http://127.0.0.1:8686`. */
  readonly address: string;
  /** Ends every connection at once, answered or not, and resolves when nothing of the server remains. Idempotent. */
  close(): Promise<void>;
}
