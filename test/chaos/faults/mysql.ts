/** What MySQL does while it runs: connections of the relay are killed, binlog files begun and purged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { connect } from '../stream.ts';
import { missed, type Fault, type Scene } from './fault.ts';

const NOTHING = (): Promise<void> => Promise.resolve();
/** A relay that is just connecting again has none for a moment. */
const FOUND_WITHIN_MS = 15_000;
/** In a failover nobody can write for so long. */
const NO_PRIMARY_MS = 1000;
/** The load goes on at the new primary. */
const AFTER_FAILOVER_MS = 4000;

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

export const dumpKilled: Fault = (scene) =>
  allKilled(
    scene,
    "SELECT id FROM performance_schema.processlist WHERE user = 'relay' AND command LIKE 'Binlog Dump%'",
  );

export const lockKilled: Fault = (scene) =>
  allKilled(
    scene,
    `SELECT processlist_id AS id FROM performance_schema.threads JOIN performance_schema.metadata_locks
     ON owner_thread_id = thread_id WHERE object_type = 'USER LEVEL LOCK' AND lock_status = 'GRANTED'
     AND processlist_user = 'relay' GROUP BY 1`,
  );

export const flushed = once(async (source) => {
  await source.query('FLUSH BINARY LOGS');
});

/** Up to the file that the checkpoint stands in. */
export const purged: Fault = async (scene) => {
  const { servers, stream } = scene;
  if (stream.isReplicated) return { skipped: 'with a replica the checkpoint may stand in its binlog' };
  return once(async (source) => {
    await source.query('FLUSH BINARY LOGS');
    servers.sources.truth.keep();
    const stored = await stream.storedCheckpoint();
    const [, file] = /"file":\s*"(binlog\.\d+)"/.exec(stored) ?? [];
    if (file === undefined) throw new Error(`no file stands in the checkpoint: ${stored.slice(0, 300)}`);
    await source.query('PURGE BINARY LOGS TO ?', [file]);
  })(scene);
};

/** The primary dies, the replica takes its place, and the load goes on there. */
export const failedOver: Fault = async ({ servers }) => {
  await servers.sources.failOver(NO_PRIMARY_MS);
  return async () => {
    await sleep(AFTER_FAILOVER_MS);
  };
};

/** `sql`: the connections, at whichever server the relay reads. */
async function allKilled(scene: Scene, sql: string): Promise<() => Promise<void>> {
  const { primary, replica } = scene.servers.sources;
  const deadlineMs = performance.now() + FOUND_WITHIN_MS;
  for (;;) {
    let killed = 0;
    for (const server of replica === undefined ? [primary] : [primary, replica]) {
      const connection = await connect(server);
      try {
        killed += await killAll(connection, sql);
      } finally {
        await connection.end();
      }
    }
    if (killed > 0) return NOTHING;
    if (performance.now() > deadlineMs) {
      missed(scene, 'no such connection is there');
      return NOTHING;
    }
    await sleep(100);
  }
}

/** How many there were. */
async function killAll(source: Connection, sql: string): Promise<number> {
  const [rows] = await source.query<RowDataPacket[]>(sql);
  let killed = 0;
  for (const row of rows) {
    try {
      await source.query(`KILL ${String(row['id'])}`);
      killed += 1;
    } catch {
      // It has ended meanwhile.
    }
  }
  return killed;
}
