import { asRelayError, RelayError } from '../../base/errors.ts';
import type { CurrentTransaction } from './current-transaction.ts';
import type { StreamPlace } from './stream-place.ts';
import { skipArgument } from './transaction-place.ts';

/** What was thrown by an event, with the place where it stands and what an operator can do about it there. */
export function placedError(thrown: unknown, at: StreamPlace, transaction: CurrentTransaction): RelayError {
  const error = asRelayError(thrown);
  const offset = `${at.file}:${at.offset}`;
  const place = transaction.isOver ? offset : `${offset}, transaction ${transaction.name}`;
  return new RelayError(error.code, `at ${place}: ${error.message}`, {
    details: { ...error.details, place },
    remedy: remedyOf(error, at, transaction),
    cause: error,
  });
}

/**
 * What an operator can always do about an error in a transaction is to pass the transaction; about a statement that
 * stops the relay it is what they should do.
 */
function remedyOf({ code, remedy }: RelayError, at: StreamPlace, transaction: CurrentTransaction): string {
  const begins = transaction.isOver ? `${at.file}:${at.boundary}` : transaction.place.begins;
  const colon = begins.lastIndexOf(':');
  // From its start on: the tables of rows are named before them.
  const look = `--start-position=${begins.slice(colon + 1)} ${begins.slice(0, colon)}`;
  const placed = remedy.replace('--start-position,', `${look},`);
  if (transaction.isOver || !/^(BINLOG|ROW|DDL|XA_UNKNOWN)_/.test(code)) return placed;
  const way = code === 'DDL_STOPPED' ? 'To pass it' : 'Or give the whole transaction up, for all copies';
  return `${placed} ${way}: binlog-relay run --skip ${skipArgument(transaction.place)}`;
}
