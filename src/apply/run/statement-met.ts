import { RelayError } from '../../base/errors.ts';
import type { WaitingStatement } from '../ledger/ledger.ts';

/** Throws STATEMENT_MET when all lanes wait at one of the statements: it is time to run it. */
export function requireNotMet(waiting: readonly WaitingStatement[]): void {
  const met = waiting.find(({ arrived, lanes }) => arrived >= lanes);
  if (met === undefined) return;
  throw new RelayError('STATEMENT_MET', `the source has run ${met.sql} (${met.id})`, {
    remedy: `Run in the target what it changes there, then start once with --statement-done '${met.id}'.`,
    details: { statement: met.id },
  });
}
