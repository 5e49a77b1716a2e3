import { copyOf } from './announced-parts.ts';
import { announcedBody } from './canal-announced.ts';
import type { CopyMarkFacts } from './format.ts';

/**
 * Where the copy of a table begins or ends, in Canal's flat JSON: as the CREATE TABLE of a table that is there already,
 * which Flink's canal-json passes over, with `copy` added. Not `isDdl`, so that no reader runs it unasked. See
 * docs/message-format.md.
 */
export function canalCopyMark({ copy, what, rows, replaces, gtidSet, atMs, ...facts }: CopyMarkFacts): Buffer {
  return announcedBody(
    { ...facts, type: 'CREATE', isDdl: false, gtid: '', es: atMs },
    { copy: copyOf({ copy, what, rows, replaces, gtidSet }) },
  );
}
