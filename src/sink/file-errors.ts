import { RelayError } from '../base/errors.ts';

/** What the file system refused: SINK_DISK_FULL, which is tried again, or SINK_FILE. */
export function fileError(path: string, thrown: unknown): RelayError {
  if (thrown instanceof RelayError) return thrown;
  const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
  const full = reason === 'ENOSPC' || reason === 'EDQUOT';
  return new RelayError(full ? 'SINK_DISK_FULL' : 'SINK_FILE', `${path}: ${String(thrown)}`, {
    details: { reason },
    cause: thrown,
  });
}

export const noRegularFile = (path: string): RelayError =>
  new RelayError('SINK_FILE', `${path} is not a regular file.`);
