import type { IncomingMessage } from 'node:http';
import { jsonPage, type Page } from './page.ts';

/** Far more than the ids of all notices, or the patterns of tables that one copy is of. */
const MAX_BYTES = 8 * 1024;

/**
 * Answers a POST of JSON with what `take` makes of it; what is no JSON is undefined. There is no log-in, so no page in
 * a browser may reach it: a browser sends JSON to another place only when that place allows it, and it names the page's
 * origin, here unwanted even if it is the same (DNS can be made to say so).
 */
export async function answerPost(request: IncomingMessage, take: (body: unknown) => Page): Promise<Page> {
  if (request.headers.origin !== undefined) return jsonPage(403, { error: 'not for browsers' });
  if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? ''))
    return jsonPage(415, { error: 'send it with Content-Type: application/json' });
  const text = await bodyOf(request);
  return text === undefined ? jsonPage(413, { error: `more than ${MAX_BYTES} bytes` }) : take(parsed(text));
}

/** A list of texts that is not empty. */
export const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  // Destroyed, it could not be answered any more.
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(piece)) continue;
    bytes += piece.length;
    if (bytes > MAX_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
