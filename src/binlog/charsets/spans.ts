/**
 * The notation of the generated tables. A span is the first code in hex, a space, and the characters of that code and
 * of those after it; a number stands for so many characters more, each the next one of Unicode: `c0 А31я` would be А to
 * Я at C0 to DF, then я at E0. Codes between two spans have no character. All characters are of the basic plane.
 */
export interface CharsetTable {
  /** Bytes 00 to 7F are ASCII, and are not listed in `short`. */
  readonly isAscii: boolean;
  /** Characters of one and two bytes; the code is the bytes, the first one the highest. */
  readonly short: readonly string[];
  /** Longer ones; what their code is, the reader of the charset says. */
  readonly long: readonly string[];
}

/** Calls `put` with every code that has a character, and that character's code point. */
export function readSpans(spans: readonly string[], put: (code: number, point: number) => void): void {
  for (const span of spans) {
    const space = span.indexOf(' ');
    let code = Number.parseInt(span.slice(0, space), 16);
    let point = 0;
    for (const [piece] of span.slice(space + 1).matchAll(/[0-9]+|[^0-9]/g)) {
      const more = Number.parseInt(piece, 10);
      if (Number.isNaN(more)) {
        point = piece.charCodeAt(0);
        put(code++, point);
      } else {
        for (let i = 0; i < more; i++) put(code++, ++point);
      }
    }
  }
}
