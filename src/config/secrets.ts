import { pathText } from './problem.ts';

/**
 * Keys whose values are never shown, and may be read from a file. accessKey is only a name, but names the customer at
 * managed services.
 */
const SECRET_PATHS = [
  ['source', 'password'],
  ['copy', 'source', 'password'],
  ['sink', 'accessKey'],
  ['sink', 'accessSecret'],
  ['checkpoint', 'password'],
  ['admin', 'token'],
  // of apply
  ['source', 'accessKey'],
  ['source', 'accessSecret'],
  ['target', 'password'],
  ['verify', 'source', 'password'],
  ['verify', 'relayToken'],
  ['verify', 'admin', 'token'],
] as const;

const SECRETS: ReadonlySet<string> = new Set(SECRET_PATHS.map(pathText));

/** How a secret's value begins when it stands in a file of its own. */
export const SECRET_FILE_PREFIX = 'file:';

export function isSecret(path: readonly PropertyKey[]): boolean {
  return SECRETS.has(pathText(path));
}
