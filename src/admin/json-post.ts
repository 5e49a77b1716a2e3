import type { IncomingMessage } from 'node:http';
import { jsonPage, type Page } from './page.ts';

export interface Posted {
  readonly maxBytes: number;
  readonly take: (body: unknown) => Page;
}

/**
 * Answers a POST of JSON with what `take` makes of it; what is no JSON is undefined. There is no log-in, so no page in
 * a browser may reach it: a browser sends JSON to another place only when that place allows it, and it names the page's
 * origin, here unwanted even if it is the same (DNS can be made to say so).
 */
export async function answerPost(request: IncomingMessage, { maxBytes, take }: Posted): Promise<Page> {
  if (request.headers.origin !== undefined) return jsonPage(403, { error: 'not for browsers' });
  if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? ''))
    return jsonPage(415, { error: 'send it with Content-Type: application/json' });
  const bytes = await bodyOf(request, maxBytes);
  return bytes === undefined ? jsonPage(413, { error: `more than ${maxBytes} bytes` }) : take(parsed(bytes));
}

/** A list of texts that is not empty. */
export const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');

async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  // Destroyed, it could not be answered any more.
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(piece)) continue;
    bytes += piece.length;
    if (bytes > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function parsed(bytes: Buffer): unknown {
  try {
    // Bytes that are no UTF-8 would be another key.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
