import { createHash, timingSafeEqual } from 'node:crypto';
import { currentSecret } from '../config/config.ts';

/** Whoever asks has to know it; see `admin.token`. */
export interface TokenSettings {
  /** Undefined: everybody may ask. */
  readonly token?: string | undefined;
  /** Where it stands, when it was read from a file; it is read again at each request, so that it can be changed. */
  readonly tokenFile?: string | undefined;
}

/** What a supervisor asks, which has no token, and which tells a word and a reason. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/**
 * Whether a request for `path` with this Authorization header (`Bearer …`, RFC 6750) may be answered. Throws
 * ADMIN_TOKEN_UNREADABLE.
 */
export function isAuthorized(header: string | undefined, path: string, settings: TokenSettings): boolean {
  if (settings.token === undefined || OPEN_PATHS.has(path)) return true;
  const [, given] = /^bearer +(\S+) *$/i.exec(header ?? '') ?? [];
  if (given === undefined) return false;
  const { token, tokenFile } = settings;
  const wanted = currentSecret(token, tokenFile, 'admin.token', 'ADMIN_TOKEN_UNREADABLE');
  // An empty file lets nobody in. Of hashes the comparison tells neither a beginning nor a length.
  return wanted !== '' && timingSafeEqual(hashOf(given), hashOf(wanted));
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
