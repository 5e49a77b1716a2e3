import { announcedBody } from './canal-announced.ts';
import type { ProgressFacts } from './format.ts';

/**
 * How far a lane is, in Canal's flat JSON, in the form of a mark of a copy: of type CREATE, which Flink's canal-json
 * passes over, without rows, with `progress` added. See docs/message-format.md.
 */
export function canalProgress({ gtidSet, asOfMs, ...facts }: ProgressFacts): Buffer {
  return announcedBody(
    { ...facts, type: 'CREATE', database: '', table: '', isDdl: false, sql: '', gtid: '', es: asOfMs },
    { progress: { gtidSet } },
  );
}
