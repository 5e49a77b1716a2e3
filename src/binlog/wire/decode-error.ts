import { RelayError } from '../../base/errors.ts';

/** BINLOG_DECODE: `event` is the event's name, `expected` what should have stood at byte `at` of it. */
export function decodeError(event: string, expected: string, at: number): RelayError {
  return new RelayError('BINLOG_DECODE', `${event}: expected ${expected} at byte ${at} of the event`, {
    details: { event, expected, at },
  });
}
