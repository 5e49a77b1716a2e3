import { ERROR_CODES } from '../../base/error-codes.ts';
import { RelayError } from '../../base/errors.ts';

/**
 * The server could not write to its binlog what a statement had changed already, mostly in a table without
 * transactions. MySQL logs that as a transaction of its own; MariaDB between transactions, at `begins` (file:position).
 */
export function incidentError(begins: string | undefined): RelayError {
  const message = 'the server logged an incident: changes are missing from its binlog';
  if (begins === undefined) return new RelayError('BINLOG_INCIDENT', message);
  const remedy = `${ERROR_CODES.BINLOG_INCIDENT.remedy} To pass it: binlog-relay run --skip ${begins}`;
  return new RelayError('BINLOG_INCIDENT', message, { remedy });
}
