import { writeSync } from 'node:fs';

/**
 * The last line of a terminal, written over again and again. What else is written to the terminal calls `clear` first.
 */
export class StatusLine {
  readonly #write: (text: string) => void;
  #isShown = false;

  constructor(write: (text: string) => void = (text) => void writeSync(STDERR, text)) {
    this.#write = write;
  }

  show(text: string): void {
    this.#write(`${ERASE_LINE}${text}`);
    this.#isShown = true;
  }

  clear(): void {
    if (!this.#isShown) return;
    this.#write(ERASE_LINE);
    this.#isShown = false;
  }
}

const STDERR = 2;
/** Back to the first column, and the line erased (ECMA-48, EL 2). */
const ERASE_LINE = '\r\u001b[2K';
