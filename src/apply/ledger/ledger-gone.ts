import { RelayError } from '../../base/errors.ts';

/**
 * The error as it is meant when what the server does not find is the ledger in `database`: that is no table of the copy
 * that somebody forgot to make.
 */
export function ledgerGone(error: RelayError, database: string): RelayError {
  if (error.code !== 'TARGET_TABLE_MISSING') return error;
  const { message, details } = error;
  if (!message.includes(`'${database}.apply_`) && !message.includes(`database '${database}'`)) return error;
  return new RelayError('LEDGER_UNUSABLE', `the ledger has gone from the target: ${message}`, {
    details,
    cause: error,
  });
}
