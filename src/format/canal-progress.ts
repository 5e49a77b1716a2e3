import type { ProgressFacts } from './format.ts';

/**
 * How far a lane is, in Canal's flat JSON, in the form of a mark of a copy: of type CREATE, which Flink's canal-json
 * passes over, without rows, with `progress` added. See docs/message-format.md.
 */
export function canalProgress({ gtidSet, ...facts }: ProgressFacts): Buffer {
  const body = {
    type: 'CREATE',
    database: '',
    table: '',
    pkNames: null,
    isDdl: false,
    sql: '',
    mysqlType: null,
    sqlType: null,
    source: facts.source,
    data: null,
    old: null,
    changes: [facts.change],
    progress: { gtidSet },
    gtid: '',
    position: facts.position,
    es: facts.asOfMs,
    ts: facts.packedAtMs,
    id: facts.sequence,
  };
  return Buffer.from(JSON.stringify(body));
}
