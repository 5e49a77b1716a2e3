/** What MySQL does while it runs: connections of the relay are killed, binlog files begun and purged. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { connect } from '../stream.ts';
import type { Fault, Scene } from './fault.ts';

const NOTHING = (): Promise<void> => Promise.resolve();

/** Something that is done at once; there is nothing to heal. */
const once =
  (act: (source: Connection, scene: Scene) => Promise<void>): Fault =>
  async (scene) => {
    const source = await connect(scene.servers.source);
    try {
      await act(source, scene);
    } finally {
      await source.end();
    }
    return NOTHING;
  };

export const dumpKilled = once((source) =>
  killAll(source, "SELECT id FROM performance_schema.processlist WHERE user = 'relay' AND command LIKE 'Binlog Dump%'"),
);

export const lockKilled = once((source) =>
  killAll(
    source,
    `SELECT processlist_id AS id FROM performance_schema.threads JOIN performance_schema.metadata_locks
     ON owner_thread_id = thread_id WHERE object_type = 'USER LEVEL LOCK' AND processlist_user = 'relay' GROUP BY 1`,
  ),
);

export const flushed = once(async (source) => {
  await source.query('FLUSH BINARY LOGS');
});

/** Up to the file that the checkpoint stands in. */
export const purged = once(async (source, { servers, stream }) => {
  await source.query('FLUSH BINARY LOGS');
  servers.truth.keep();
  const stored = await readFile(join(stream.checkpoint.path, 'checkpoint.json'), 'utf8');
  const [, file] = /"file":\s*"(binlog\.\d+)"/.exec(stored) ?? [];
  if (file === undefined) throw new Error(`no file stands in the checkpoint: ${stored.slice(0, 300)}`);
  await source.query('PURGE BINARY LOGS TO ?', [file]);
});

async function killAll(source: Connection, sql: string): Promise<void> {
  const [rows] = await source.query<RowDataPacket[]>(sql);
  for (const row of rows) {
    // It may have ended meanwhile.
    await source.query(`KILL ${String(row['id'])}`).catch(() => undefined);
  }
}
