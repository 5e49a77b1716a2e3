/** Numbers the changes of one table, or the statements, within a transaction. */
export class ChangeCounter {
  /** Number of the next one, from 0. */
  next = 0;
  /** Of the transaction in which it counted last. */
  #serial = 0;

  /**
   * Something of the transaction with this serial is to be counted: goes on within a transaction, and starts at 0 in
   * another.
   */
  countIn(serial: number): void {
    if (this.#serial === serial) return;
    this.#serial = serial;
    this.next = 0;
  }
}
