import { namesOf } from './announced-parts.ts';
import { announcedBody } from './canal-announced.ts';
import type { DdlMessageFacts } from './format.ts';

/**
 * A statement in Canal's flat JSON, as its server sends it when DDL is not filtered: without rows and types. Added to
 * it, as in messages of rows, `source` and `changes`; and `position` and `tables`. See docs/message-format.md.
 */
export function canalDdl({ database, tables, commitTimeMs, ...facts }: DdlMessageFacts): Buffer {
  const [first] = tables;
  return announcedBody(
    {
      ...facts,
      database: first?.database ?? database,
      table: first?.table ?? '',
      isDdl: true,
      es: commitTimeMs,
    },
    { tables: namesOf(tables) },
  );
}
