/** Numbers the changes of one table, or the statements, within a transaction, and knows which were taken before the connection was lost. */
export class ChangeCounter {
  /** Of the transaction in which it counted last. */
  serial = 0;
  /** Number of the next one, from 0. */
  next = 0;
  /** Those below this number were taken already, by a session that was cut in this transaction. */
  taken = 0;

  /** Something of the transaction with this serial is to be counted: on from what was, or from 0. */
  countIn(serial: number): void {
    if (this.serial === serial) return;
    this.serial = serial;
    this.next = 0;
    this.taken = 0;
  }

  /** The transaction with this serial will come again, from its beginning. */
  rewind(serial: number): void {
    if (this.serial !== serial) return;
    this.taken = Math.max(this.taken, this.next);
    this.next = 0;
  }
}
