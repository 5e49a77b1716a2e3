/** The keys by which an operator finds a message in the broker. */
export class MessageKeys {
  readonly values: string[] = [];
  /** As RocketMQ counts them: joined by spaces. */
  sizeBytes = 0;

  add(key: string): void {
    this.values.push(key);
    this.sizeBytes += Buffer.byteLength(key) + 1;
  }

  /** Forgets all but the first `count`. */
  truncate(count: number): void {
    for (const key of this.values.splice(count)) this.sizeBytes -= Buffer.byteLength(key) + 1;
  }
}
