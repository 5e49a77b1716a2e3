/**
 * What becomes of rows and values that cannot be published as they are. docs/message-format.md shows what readers see.
 */
export interface PublishPolicy {
  /** A row that is larger than a message may be: stop, or publish its key alone. */
  readonly oversize: 'fail' | 'skeleton';
  /** Rows of which the binlog brings only some columns: stop, or publish these. */
  readonly partialRows: 'fail' | 'allow';
  /** Bytes that MySQL itself has no text for: stop, or publish them in base64. */
  readonly invalidText: 'fail' | 'base64';
  /** Of the text of TIMESTAMP: a name that timeZoneProblem has nothing to say of. */
  readonly timeZone: string;
  /** Text of BINARY, VARBINARY, BLOB, GEOMETRY and VECTOR; `latin1`: each byte as the character of its number. */
  readonly binary: 'base64' | 'latin1';
}

/** Nothing is published that is not the whole row, exactly. */
export const EXACT: PublishPolicy = {
  oversize: 'fail',
  partialRows: 'fail',
  invalidText: 'fail',
  timeZone: 'UTC',
  binary: 'base64',
};
