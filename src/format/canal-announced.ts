/** What every message without rows has. */
interface AnnouncedFacts {
  readonly type: string;
  readonly database: string;
  readonly table: string;
  readonly isDdl: boolean;
  readonly sql: string;
  /** With `change` the id of what is said. */
  readonly source: string;
  readonly change: string;
  readonly gtid: string;
  readonly position: string;
  readonly es: number;
  readonly packedAtMs: number;
  readonly sequence: number;
}

/** The body of a message without rows in Canal's flat JSON; `added` is what Canal does not have. */
export function announcedBody(facts: AnnouncedFacts, added: Readonly<Record<string, unknown>>): Buffer {
  const { type, database, table, isDdl, sql, source, change, gtid, position, es, packedAtMs, sequence } = facts;
  const body = {
    type,
    database,
    table,
    pkNames: null,
    isDdl,
    sql,
    mysqlType: null,
    sqlType: null,
    source,
    data: null,
    old: null,
    changes: [change],
    ...added,
    gtid,
    position,
    es,
    ts: packedAtMs,
    id: sequence,
  };
  return Buffer.from(JSON.stringify(body));
}
