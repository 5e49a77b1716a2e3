import { RelayError } from '../../base/errors.ts';

/** A message without rows: a statement, or where a copy begins or ends. */
export interface Announcement {
  /** Whole change id. */
  readonly id: string;
  readonly sql: string;
  /** Of a statement: the tables that it names, `null` for all of a database; empty when they are not clear. */
  readonly names: readonly (readonly [database: string, table: string | null])[];
  readonly copy: { readonly mark: 'begin' | 'end'; readonly replaces: boolean } | undefined;
}

/** Throws MESSAGE_UNREADABLE. */
export function readAnnouncement(body: Buffer): Announcement {
  const { source, changes, sql, tables = [], copy } = parsedBody(body);
  if (typeof source !== 'string' || typeof sql !== 'string' || typeof changes?.[0] !== 'string') {
    throw unreadable('has no source, sql or changes');
  }
  return { id: `${source}:${changes[0]}`, sql, names: tables, copy };
}

/** What a body without rows may have. */
interface Body {
  readonly source: string;
  readonly changes: readonly string[];
  readonly sql: string;
  readonly tables: Announcement['names'];
  readonly copy: Announcement['copy'];
  readonly progress: { readonly gtidSet?: unknown };
  readonly position: string;
  readonly es: number;
}

/** The body of a message without rows. Throws MESSAGE_UNREADABLE. */
export function parsedBody(body: Buffer): Partial<Body> {
  try {
    return JSON.parse(body.toString()) as Partial<Body>;
  } catch {
    throw unreadable('is not JSON');
  }
}

export const unreadable = (what: string): RelayError => new RelayError('MESSAGE_UNREADABLE', `the body ${what}`);
