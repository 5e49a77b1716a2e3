/**
 * The tokens of a SQL statement, as far as telling names from everything else needs it.
 * Source: the MySQL manual, "Language Structure" (Literal Values, Schema Object Names, Comments).
 */

/** For a regular expression: one comment, or one bracket of an executable comment, whose text counts. */
const COMMENT = String.raw`\/\*(?!M?!)[\s\S]*?\*\/|\/\*M?!\d*|\*\/|#[^\n]*|--(?=\s|$)[^\n]*`;

const SKIPPED = new RegExp(String.raw`\s+|${COMMENT}`, 'y');
const WORD = /[0-9A-Za-z_$\u0080-\uffff]+/y;
/** A backslash before the quote ends the string or not, depending on the session's sql_mode: such a string is not read. */
const STRING = /'(?:[^'\\]|''|\\[^'])*'/y;
const QUOTED = /`((?:[^`]|``)*)`|"((?:[^"]|"")*)"/y;

export type SqlToken =
  /** Without quotes: a keyword or a name. */
  | { readonly kind: 'word'; readonly text: string }
  /** In backticks, or in double quotes: a name where a name is expected (ANSI_QUOTES), a string elsewhere. */
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'string' }
  /** Any other single character. */
  | { readonly kind: 'sign'; readonly text: string }
  | { readonly kind: 'end' }
  /** A quote that is not closed, or that cannot be read without the session's sql_mode. */
  | { readonly kind: 'unreadable' };

/** Reads one token after the other, with a look at the next one. */
export class SqlTokens {
  readonly #text: string;
  #at = 0;
  #next: SqlToken | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  peek(): SqlToken {
    return (this.#next ??= this.#read());
  }

  next(): SqlToken {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  /** What stands behind the token that was taken last; to be asked before the next one is looked at. */
  get rest(): string {
    return this.#text.slice(this.#at);
  }

  /** The next token in upper case if it is a word, which is taken then; otherwise empty. */
  word(): string {
    const token = this.peek();
    if (token.kind !== 'word') return '';
    this.#next = undefined;
    return token.text.toUpperCase();
  }

  /** Takes the next token if it is one of these words. */
  takeWord(...words: readonly string[]): boolean {
    const token = this.peek();
    if (token.kind !== 'word' || !words.includes(token.text.toUpperCase())) return false;
    this.#next = undefined;
    return true;
  }

  /** Takes these words as far as they come, in this order. */
  takeWords(...words: readonly string[]): void {
    for (const word of words) if (!this.takeWord(word)) return;
  }

  takeSign(sign: string): boolean {
    const token = this.peek();
    if (token.kind !== 'sign' || token.text !== sign) return false;
    this.#next = undefined;
    return true;
  }

  /** The next token if it can be a name, which is taken then. */
  takeName(): string | undefined {
    const token = this.peek();
    if (token.kind !== 'word' && token.kind !== 'quoted') return undefined;
    this.#next = undefined;
    return token.text;
  }

  #read(): SqlToken {
    while (this.#match(SKIPPED) !== undefined);
    const first = this.#text[this.#at];
    if (first === undefined) return { kind: 'end' };
    const word = this.#match(WORD);
    if (word !== undefined) return { kind: 'word', text: word };
    if (first === '`' || first === '"') {
      const quoted = this.#match(QUOTED);
      if (quoted === undefined) return { kind: 'unreadable' };
      return { kind: 'quoted', text: quoted.slice(1, -1).replaceAll(first + first, first) };
    }
    if (first === "'") return this.#match(STRING) === undefined ? { kind: 'unreadable' } : { kind: 'string' };
    this.#at += 1;
    return { kind: 'sign', text: first };
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}
