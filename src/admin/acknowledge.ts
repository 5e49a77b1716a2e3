import type { Notice } from '../checkpoint/checkpoint.ts';
import { refusal } from './copy.ts';
import { isTexts } from './json-post.ts';
import { jsonPage, type Page } from './page.ts';

/** Answers what was sent to /acknowledge. */
export function acknowledge(body: unknown, take: (ids: readonly string[] | 'all') => readonly Notice[]): Page {
  const ids = idsIn(body);
  if (ids === undefined) return jsonPage(400, { error: 'send {"ids": ["7"]} or {"all": true}' });
  try {
    const acknowledged = take(ids).map(({ id }) => id);
    const unknown = ids === 'all' ? [] : ids.filter((id) => !acknowledged.includes(id));
    return jsonPage(unknown.length === 0 ? 200 : 404, { acknowledged, unknown });
  } catch (thrown) {
    return refusal(thrown);
  }
}

function idsIn(body: unknown): readonly string[] | 'all' | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  if ('all' in body && body.all === true && !('ids' in body)) return 'all';
  return 'ids' in body && isTexts(body.ids) && !('all' in body) ? body.ids : undefined;
}
