import { RelayError } from '../../base/errors.ts';

/** What stands in the body is not what the relay writes; who knows the message adds its place. */
export function malformed(at: number, expected: string): RelayError {
  return new RelayError('MESSAGE_UNREADABLE', `byte ${at} of the body is not ${expected}`);
}
