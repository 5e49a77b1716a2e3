import type { IncomingMessage } from 'node:http';
import type { Page, PageSources } from './pages.ts';

/** Far more than the ids of all notices. */
const MAX_BYTES = 8 * 1024;

/**
 * Answers POST /acknowledge. There is no log-in, so no page in a browser may reach it: a browser sends JSON to another
 * place only when that place allows it, and it names the page's origin, here unwanted even if it is the same (DNS can
 * be made to say so).
 */
export async function acknowledge(request: IncomingMessage, take: PageSources['acknowledge']): Promise<Page> {
  if (request.headers.origin !== undefined) return answer(403, { error: 'not for browsers' });
  if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? ''))
    return answer(415, { error: 'send it with Content-Type: application/json' });
  const text = await bodyOf(request);
  if (text === undefined) return answer(413, { error: `more than ${MAX_BYTES} bytes` });
  const ids = idsIn(text);
  if (ids === undefined) return answer(400, { error: 'send {"ids": ["7"]} or {"all": true}' });
  const acknowledged = take(ids).map(({ id }) => id);
  const unknown = ids === 'all' ? [] : ids.filter((id) => !acknowledged.includes(id));
  return answer(unknown.length === 0 ? 200 : 404, { acknowledged, unknown });
}

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

function idsIn(text: string): readonly string[] | 'all' | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null) return undefined;
  if ('all' in body && body.all === true && !('ids' in body)) return 'all';
  if (!('ids' in body) || !Array.isArray(body.ids) || 'all' in body) return undefined;
  const ids: unknown[] = body.ids;
  return ids.length > 0 && ids.every((id) => typeof id === 'string') ? ids : undefined;
}

const answer = (code: number, body: object): Page => ({
  code,
  contentType: 'application/json; charset=utf-8',
  body: `${JSON.stringify(body)}\n`,
});
