import { RelayError } from '../base/errors.ts';

/** One row of an answer, every value as the server's own text. */
export type Row = Readonly<Record<string, string | null>>;

/** Whoever answers statements: the control connection, or a session of it. Throws RelayErrors. */
export interface Asked {
  query(sql: string, values?: readonly string[]): Promise<readonly Row[]>;
}

/** The text of a column that the server always gives. Throws SOURCE_ERROR when it did not. */
export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value === 'string') return value;
  throw new RelayError('SOURCE_ERROR', `the server gave no value for ${column}`, {
    remedy: 'Report it with the version of the server.',
  });
}

/** A whole number that a JavaScript number holds exactly, such as an offset. */
export function numberOf(row: Row | undefined, column: string): number {
  const text = textOf(row, column);
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new RelayError('SOURCE_ERROR', `the server gave ${text} for ${column}, where a whole number was expected`, {
    remedy: 'Report it with the version of the server.',
  });
}
