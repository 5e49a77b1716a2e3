import { asRelayError, RelayError } from '../../base/errors.ts';
import type { ConnectionSettings } from '../connection-options.ts';

/** What a connection to the replica of `copy.source` has failed with, in the keys of that section. */
export function replicaError(thrown: unknown, { host, port }: ConnectionSettings): RelayError {
  const { code, message, details, remedy, cause } = asRelayError(thrown);
  return new RelayError(code, `copy.source, ${host}:${port}: ${message}`, {
    details,
    remedy: remedy.replaceAll(/(?<!copy\.)\bsource\.(?=host|port|user|password|tls)/g, 'copy.source.'),
    cause,
  });
}
