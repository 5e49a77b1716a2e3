import { ERROR_CODES, remedyIn, type Code, type ErrorCode } from './error-codes.ts';

export interface RelayErrorOptions {
  /** Facts for the log: never a secret, never a value of a row. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Replaces the remedy of the code where the place allows a more exact one: SQL, mqadmin line, flag. */
  readonly remedy?: string;
  /** Of the configuration: where the settings stand that the remedy of the code names; `source` unless given. */
  readonly section?: string;
  readonly cause?: unknown;
}

/** The only error class: what it means is its code, see error-codes.ts. */
export class RelayError extends Error {
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;
  readonly remedy: string;
  /** As in the options. */
  readonly section: string;

  constructor(code: Code, message: string, options: RelayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RelayError';
    this.code = code;
    this.details = options.details ?? {};
    this.section = options.section ?? 'source';
    this.remedy = options.remedy ?? remedyIn(this.section, ERROR_CODES[code].remedy);
  }

  get definition(): ErrorCode {
    return ERROR_CODES[this.code];
  }

  /** Whether it is tried again even by a run that has only begun. */
  get retryable(): boolean {
    return this.isRetried(false);
  }

  /** Whether it is tried again, where the same configuration `isProven`: it has worked before. */
  isRetried(isProven: boolean): boolean {
    const { retried } = this.definition;
    return retried === 'always' || (retried === 'once-proven' && isProven);
  }
}

/** What was thrown as a RelayError: itself, or INTERNAL around it. */
export function asRelayError(thrown: unknown): RelayError {
  if (thrown instanceof RelayError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new RelayError('INTERNAL', message, { cause: thrown });
}
