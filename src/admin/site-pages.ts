/** The pages that every daemon has: `/`, `/livez`, `/readyz`, `/healthz` and `/metrics`. */
import { TEXT, type Page } from './page.ts';

/** What a probe is answered: an HTTP code and one line that says why. */
export interface ProbeAnswer {
  readonly code: 200 | 503;
  readonly reason: string;
}

/** What one daemon says on them. */
export interface Site {
  /** Names the pages. */
  readonly index: string;
  readonly liveness: () => ProbeAnswer;
  readonly readiness: () => ProbeAnswer;
  readonly health: () => { readonly healthy: boolean };
  readonly metrics: { readonly contentType: string; readonly render: () => Promise<string> };
}

/** The page of a path; undefined for a path that is none of them. */
export function sitePages(site: Site): (path: string) => Promise<Page | undefined> {
  return async (path) => {
    switch (path) {
      case '/':
        return { code: 200, contentType: TEXT, body: site.index };
      case '/livez':
        return probe(site.liveness());
      case '/readyz':
        return probe(site.readiness());
      case '/healthz': {
        const document = site.health();
        const body = `${JSON.stringify(document, undefined, 2)}\n`;
        return { code: document.healthy ? 200 : 503, contentType: 'application/json; charset=utf-8', body };
      }
      case '/metrics':
        return { code: 200, contentType: site.metrics.contentType, body: await site.metrics.render() };
      default:
        return undefined;
    }
  };
}

/** `well`: what is said when there is no reason against it. */
export const probeAnswer = (reasons: readonly string[], well: string): ProbeAnswer =>
  reasons.length === 0 ? { code: 200, reason: well } : { code: 503, reason: reasons.join('; ') };

const probe = ({ code, reason }: ProbeAnswer): Page => ({ code, contentType: TEXT, body: `${reason}\n` });
