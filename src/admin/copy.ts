import type { Code } from '../base/error-codes.ts';
import { asRelayError } from '../base/errors.ts';
import type { Copy } from '../checkpoint/checkpoint.ts';
import type { CopyRequest, RelayStatus } from '../relay/relay.ts';
import { shownCopies } from './copies.ts';
import { isTexts } from './json-post.ts';
import { jsonPage, type Page } from './page.ts';

/** What the relay refuses, as HTTP says it. Anything else is a defect. */
const CODES: Partial<Record<Code, number>> = {
  USAGE: 400,
  COPY_UNKNOWN: 404,
  COPY_WITHOUT_GTIDS: 409,
  ADMIN_UNREACHABLE: 503,
};

/** Answers what was sent to /copy. */
export function copy(body: unknown, take: (request: CopyRequest) => readonly Copy[]): Page {
  const request = requestIn(body);
  if (request === undefined) {
    const error = 'send {"tables": ["shop.orders"]}, or an id: {"pause": "1"}, {"resume": "1"} or {"cancel": "1"}';
    return jsonPage(400, { error });
  }
  try {
    return jsonPage(200, { copies: shownCopies(take(request)) });
  } catch (thrown) {
    const { code, message, remedy } = asRelayError(thrown);
    const status = CODES[code];
    if (status === undefined) throw thrown;
    return jsonPage(status, { error: message, remedy, code });
  }
}

/** Answers /copies. */
export const copies = ({ copies, copying }: RelayStatus): Page =>
  jsonPage(200, { copies: shownCopies(copies), copying: copying ?? null });

function requestIn(body: unknown): CopyRequest | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const [entry, ...more] = Object.entries(body) as readonly (readonly [string, unknown])[];
  if (entry === undefined || more.length > 0) return undefined;
  const [key, value] = entry;
  if (key === 'tables') return isTexts(value) ? { do: 'copy', patterns: value } : undefined;
  const isOfOne = key === 'pause' || key === 'resume' || key === 'cancel';
  return isOfOne && typeof value === 'string' ? { do: key, id: value } : undefined;
}
