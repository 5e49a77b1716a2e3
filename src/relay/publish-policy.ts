/** What becomes of rows and values that cannot be published as they are. docs/message-format.md shows what readers see. */
export interface PublishPolicy {
  /** A row that is larger than a message may be: stop, or publish its key alone. */
  readonly oversize: 'fail' | 'skeleton';
  /** Rows of which the binlog brings only some columns: stop, or publish these. */
  readonly partialRows: 'fail' | 'allow';
  /** Bytes that MySQL itself has no text for: stop, or publish them in base64. */
  readonly invalidText: 'fail' | 'base64';
}

/** Nothing is published that is not the whole row, exactly. */
export const EXACT: PublishPolicy = { oversize: 'fail', partialRows: 'fail', invalidText: 'fail' };
