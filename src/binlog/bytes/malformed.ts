import { RelayError } from '../../base/errors.ts';

/**
 * BINLOG_DECODE for a value whose bytes its type cannot have. Names the column, never the bytes: they are a row's
 * value.
 */
export function malformedValue(column: string, expected: string): RelayError {
  return new RelayError('BINLOG_DECODE', `column ${column}: expected ${expected}`, { details: { column, expected } });
}
