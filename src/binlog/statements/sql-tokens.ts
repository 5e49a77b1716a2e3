/**
 * The tokens of a SQL statement, as far as telling names from everything else needs it, as the server's lexer tells
 * them. Source: the MySQL manual, "Language Structure" (Literal Values, Schema Object Names, Comments); sql/sql_lex.cc
 * for what counts as space and comment.
 */

/** How a session's sql_mode has quotes read. */
export interface Quoting {
  /** Double quotes hold a name, as backticks do, not a string. */
  readonly ansiQuotes: boolean;
  /** In a string a backslash takes the meaning from what stands after it; not with NO_BACKSLASH_ESCAPES. */
  readonly backslashEscapes: boolean;
}

/**
 * For a regular expression: one comment, or one bracket of an executable comment, whose text counts: one that this
 * server does not execute, the server has made a plain one before it logs the statement.
 */
const COMMENT = String.raw`\/\*(?!M?!)[\s\S]*?\*\/|\/\*M?!(?:\d{5,6})?|\*\/|#[^\n]*|--(?=[\0- \x7f]|$)[^\n]*`;

/** Space is ASCII's alone: what Unicode counts to it may stand in a name. */
const SKIPPED = new RegExp(String.raw`[\t-\r ]+|${COMMENT}`, 'y');
const WORD = /[0-9A-Za-z_$\u0080-\uffff]+/y;
/** Space in single-byte charsets, and part of a name in others: which one, is not asked. */
const NO_BREAK_SPACE = '\u00a0';

export type SqlToken =
  /** Without quotes: a keyword or a name. */
  | { readonly kind: 'word'; readonly text: string }
  /** In backticks; in double quotes under ANSI_QUOTES, and where that is not known: then it may be a string. */
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'string' }
  /** Any other single character. */
  | { readonly kind: 'sign'; readonly text: string }
  | { readonly kind: 'end' }
  /** A quote that is not closed, or whose end depends on what is not known. */
  | { readonly kind: 'unreadable' };

/** Reads one token after the other, with a look at the next one. */
export class SqlTokens {
  readonly #text: string;
  readonly #quoting: Quoting | undefined;
  #at = 0;
  #next: SqlToken | undefined;

  constructor(text: string, quoting: Quoting | undefined) {
    this.#text = text;
    this.#quoting = quoting;
  }

  peek(): SqlToken {
    return (this.#next ??= this.#read());
  }

  next(): SqlToken {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  /** What stands after the token that was taken last; to be asked before the next one is looked at. */
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
    if (word !== undefined)
      return word.includes(NO_BREAK_SPACE) ? { kind: 'unreadable' } : { kind: 'word', text: word };
    if (first === '`' || (first === '"' && this.#quoting?.ansiQuotes !== false)) return this.#name(first);
    if (first === "'" || first === '"') {
      const isRead = this.#quoted(first, this.#quoting?.backslashEscapes) !== undefined;
      return isRead ? { kind: 'string' } : { kind: 'unreadable' };
    }
    this.#at += 1;
    return { kind: 'sign', text: first };
  }

  #name(quote: '`' | '"'): SqlToken {
    const quoted = this.#quoted(quote, quote === '`' || this.#quoting !== undefined ? false : undefined);
    if (quoted === undefined) return { kind: 'unreadable' };
    return { kind: 'quoted', text: quoted.replaceAll(quote + quote, quote) };
  }

  /**
   * What stands between the quotes, the first of which is the next character; `hasEscapes` undefined: not known whether
   * backslashes escape.
   */
  #quoted(quote: string, hasEscapes: boolean | undefined): string | undefined {
    const text = this.#text;
    for (let at = this.#at + 1; at < text.length; at += 1) {
      if (text[at] === '\\' && hasEscapes !== false) {
        at += 1;
        if (hasEscapes === undefined && text[at] === quote) return undefined;
      } else if (text[at] === quote) {
        if (text[at + 1] !== quote) {
          const inside = text.slice(this.#at + 1, at);
          this.#at = at + 1;
          return inside;
        }
        at += 1;
      }
    }
    return undefined;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}
