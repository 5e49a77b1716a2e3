import type { Code } from '../base/error-codes.ts';
import { asRelayError, RelayError } from '../base/errors.ts';
import type { Copy } from '../checkpoint/checkpoint.ts';
import type { CopyRequest, RelayStatus } from '../relay/relay.ts';
import { shownCopies } from './copies.ts';
import { betweenIn, keysIn } from './copy-part.ts';
import { isTexts } from './json-post.ts';
import { jsonPage, type Page } from './page.ts';

/** What the relay refuses, as HTTP says it. Anything else is a defect. */
const CODES: Partial<Record<Code, number>> = {
  USAGE: 400,
  COPY_UNKNOWN: 404,
  COPY_WITHOUT_GTIDS: 409,
  ADMIN_UNREACHABLE: 503,
  RELAY_STANDBY: 503,
};

/** Characters of patterns: they stand in every checkpoint. */
const MAX_NAMES = 8192;

/** Answers what was sent to /copy. */
export function copy(body: unknown, take: (request: CopyRequest) => readonly Copy[]): Page {
  try {
    const request = requestIn(body);
    if (request === undefined) {
      const error =
        'send {"tables": ["shop.orders"]}, with "keys" or "between" for some of its rows, or an id: {"pause": "1"}, {"resume": "1"} or {"cancel": "1"}';
      return jsonPage(400, { error });
    }
    return jsonPage(200, { copies: shownCopies(take(request)) });
  } catch (thrown) {
    return refusal(thrown);
  }
}

/** What the relay has refused, as its page; throws anything else. */
export function refusal(thrown: unknown): Page {
  const { code, message, remedy } = asRelayError(thrown);
  const status = CODES[code];
  if (status === undefined) throw thrown;
  return jsonPage(status, { error: message, remedy, code });
}

/** Answers /copies. */
export const copies = ({ copies, copying }: RelayStatus): Page =>
  jsonPage(200, { copies: shownCopies(copies), copying: copying ?? null });

function requestIn(body: unknown): CopyRequest | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  if ('tables' in body) return tablesIn(body.tables, body);
  const [entry, ...more] = Object.entries(body) as readonly (readonly [string, unknown])[];
  if (entry === undefined || more.length > 0) return undefined;
  const [key, value] = entry;
  const isOfOne = key === 'pause' || key === 'resume' || key === 'cancel';
  return isOfOne && typeof value === 'string' ? { do: key, id: value } : undefined;
}

function tablesIn(tables: unknown, body: object): CopyRequest | undefined {
  const [part, ...more] = Object.entries(body).filter(([name]) => name !== 'tables') as readonly [string, unknown][];
  if (!isTexts(tables) || more.length > 0) return undefined;
  if (tables.reduce((sum, { length }) => sum + length, 0) > MAX_NAMES)
    throw new RelayError('USAGE', `tables has more than ${MAX_NAMES} characters`);
  if (part === undefined) return { do: 'copy', patterns: tables };
  const [name, value] = part;
  if (name === 'keys') return { do: 'copy', patterns: tables, part: keysIn(value) };
  return name === 'between' ? { do: 'copy', patterns: tables, part: betweenIn(value) } : undefined;
}
