import { RelayError } from '../base/errors.ts';
export function sourceError(error: unknown): RelayError {
  return new RelayError('SOURCE_UNREACHABLE', error instanceof Error ? error.message : String(error), { cause: error });
}
