import { RelayError } from '../../base/errors.ts';
import type { WaitingStatement } from '../ledger/ledger.ts';

/** All lanes wait at the statement, and an operator has to run it. `why` apply does not, where it was to. */
export function statementMet({ id, sql }: WaitingStatement, why?: string, cause?: unknown): RelayError {
  const reason = why === undefined ? '' : `, which apply does not run: ${why}`;
  return new RelayError('STATEMENT_MET', `the source has run ${sql} (${id})${reason}`, {
    remedy: `Run in the target what it changes there, then start once with --statement-done '${id}'.`,
    details: { statement: id },
    ...(cause !== undefined && { cause }),
  });
}
