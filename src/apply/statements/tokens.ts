import { SqlTokens } from '../../binlog/statements/sql-tokens.ts';

export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'sign';
  /** Empty for a string. */
  readonly text: string;
}

/** Of a text without double quotes and backslashes; undefined when a quote is not closed. */
export function tokensOf(text: string): readonly Token[] | undefined {
  const tokens = new SqlTokens(text, { ansiQuotes: false, backslashEscapes: true });
  const found: Token[] = [];
  for (;;) {
    const token = tokens.next();
    if (token.kind === 'end') return found;
    if (token.kind === 'unreadable') return undefined;
    found.push({ kind: token.kind, text: token.kind === 'string' ? '' : token.text });
  }
}

/** The token as a word in upper case; empty when it is none. */
export const wordOf = (token: Token | undefined): string => (token?.kind === 'word' ? token.text.toUpperCase() : '');

/** At the commas that stand in no brackets. */
export function splitAtCommas(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    const sign = token.kind === 'sign' ? token.text : '';
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    if (sign === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}
