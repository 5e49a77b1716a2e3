/**
 * Copies of single keys and of ranges while these very rows change, and while the relay is killed: everything that is
 * published fits what was said before. `COPY_SEEDS=1,2,3` chooses the random workloads, `COPY_SERVERS=9.7` the servers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer, MysqlVersion } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import type { AskedKey } from '../../../src/relay/relay.ts';
import { CopyingRelay, rowTextsOf } from '../../support/copying-relay.ts';
import {
  CopyWorkload,
  createTable,
  fill,
  KEY_KINDS,
  KEYS,
  selectTexts,
  type KeyKind,
} from '../../support/copy-tables.ts';
import { Random } from '../../support/round-trip/random.ts';
import { connectClients } from '../../support/copy-clients.ts';
import { uniqueName } from '../../support/servers.ts';
import { Upserts } from '../../support/upserts.ts';
import { isReading } from '../../support/relay-states.ts';

const SEEDS = (process.env['COPY_SEEDS'] ?? '1').split(',');
const SERVERS: readonly MysqlVersion[] = ['9.7', 'mariadb-10.11'];
const CHOSEN = process.env['COPY_SERVERS']?.split(',');
const CLIENTS = 4;
const ROWS = 300;
const REQUESTS = Number(process.env['COPY_REQUESTS'] ?? 15);
const KINDS = KEY_KINDS.filter(({ name }) => name !== 'none' && name !== 'prefix');
/** Their collations take upper and lower case as equal. */
const FOLDING = new Set(['0900_ai_ci', 'general_ci', 'latin1', 'gbk', 'composite']);

const collated = (version: MysqlVersion, sql: string): string =>
  version.startsWith('mariadb') ? sql.replaceAll('utf8mb4_0900_ai_ci', 'utf8mb4_unicode_ci') : sql;

interface Keyed {
  readonly table: string;
  readonly kind: KeyKind;
  /** By the number that they are of, where there is one. */
  readonly keys: ReadonlyMap<number, AskedKey>;
}

/** Keys in their own order, as they are asked for. */
async function keysOf(
  connection: Connection,
  version: MysqlVersion,
  kind: KeyKind,
): Promise<ReadonlyMap<number, AskedKey>> {
  const scratch = uniqueName('scratch_');
  await connection.query(collated(version, createTable(scratch, kind)));
  const rows = Array.from({ length: KEYS }, (_, n) => `(${kind.values(n).join(', ')}, ${n})`);
  await connection.query(`INSERT IGNORE INTO ${scratch} (${kind.names.join(', ')}, v) VALUES ${rows.join(', ')}`);
  const parts = (/\((.*)\)$/.exec(kind.key)?.[1] ?? '').split(', ');
  const texts = parts.map((part) => {
    const text = kind.texts[kind.names.indexOf(part)] ?? part;
    return text.startsWith('TO_BASE64') ? `HEX(${part}) AS hex` : text;
  });
  const [found] = await connection.query<RowDataPacket[]>({
    sql: `SELECT v, ${texts.join(', ')} FROM ${scratch}`,
    typeCast: (field) => field.string(),
    rowsAsArray: true,
  });
  await connection.query(`DROP TABLE ${scratch}`);
  const isHex = texts.some((text) => text.endsWith(' AS hex'));
  return new Map(
    (found as unknown as string[][]).map(([n, ...values]) => [
      Number(n),
      values.map((value) => (isHex ? { hex: value } : value)),
    ]),
  );
}

function otherCase(key: AskedKey): AskedKey {
  return key.map((part) =>
    typeof part === 'string' ? part.replace(/[a-z]/gi, (c) => (c < 'a' ? c.toLowerCase() : c.toUpperCase())) : part,
  );
}

describe.each(SERVERS.filter((version) => CHOSEN?.includes(version) ?? true))('%s', (version) => {
  let mysql: MysqlServer;
  let connections: Connection[];
  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
    connections = await connectClients(mysql, CLIENTS + 1);
  }, 120_000);
  afterAll(async () => {
    for (const connection of connections) await connection.end();
    await mysql.remove();
  });

  it.each(SEEDS)(
    'a key that is not there is deleted only where no row has an equal one, and rows fit the stream, seed %s (invariant 19)',
    async (seed) => {
      const random = new Random(seed);
      const [admin, ...clients] = connections;
      if (admin === undefined) throw new Error('no connection');
      const database = uniqueName('parts_');
      await admin.query(`CREATE DATABASE ${database}; GRANT SELECT ON ${database}.* TO ${mysql.relayUser}`);
      for (const connection of connections) await connection.query(`USE ${database}`);
      const tables: Keyed[] = [];
      for (const [i, kind] of KINDS.entries()) {
        const table = `t${i}`;
        await admin.query(`${collated(version, createTable(table, kind))}; ${fill(table, kind, ROWS)}`);
        tables.push({ table, kind, keys: await keysOf(admin, version, kind) });
      }
      const folding = new Set(tables.filter(({ kind }) => FOLDING.has(kind.name)).map(({ table }) => table));
      const sink = new Upserts({ folded: (table, key) => (folding.has(table) ? key.toLowerCase() : key) });
      const store = createMemoryCheckpointStore();
      const start = (maxRows = random.pick([1, 3, 10, 40])): CopyingRelay =>
        new CopyingRelay({
          mysql,
          tables: { include: [`${database}.*`], exclude: [`${database}.scratch_*`] },
          sink,
          store,
          stopTimeoutMs: 0,
          copying: { maxRows },
        });
      let run = start();
      await run.untilCopied();
      let border: { readonly table: string; readonly n: number } | undefined;
      const workload = new CopyWorkload(clients, tables, random, () => border);
      const isFree = (): Promise<void> =>
        run.until((status) => isReading(status) && status.copies.every(({ endedAt }) => endedAt !== undefined));
      const failed: unknown[] = [];
      let keys = 0;
      try {
        for (let request = 0; request < REQUESTS; request += 1) {
          const { table, kind, keys: known } = random.pick(tables);
          const n = random.int(0, KEYS - 1);
          border = { table, n };
          const near = random.list(random.int(1, 12), () => known.get(Math.max(0, n + random.int(-6, 10))) ?? []);
          const asked = near
            .filter(({ length }) => length > 0)
            .map((key) => (FOLDING.has(kind.name) && random.chance(0.5) ? otherCase(key) : key));
          const [first] = asked;
          if (first === undefined) continue;
          keys += asked.length;
          await sleep(random.int(0, 10));
          run.relay.copy({
            do: 'copy',
            patterns: [`${database}.${table}`],
            part: random.chance(0.1) ? { from: first, to: known.get(n + 30) ?? first } : { keys: asked },
          });
          if (random.chance(0.05)) {
            await sleep(random.int(0, 60));
            await run.kill();
            run = start();
          }
          await isFree();
          failed.push(...run.relay.status().copies.flatMap((copy) => copy.tables ?? []));
        }
      } finally {
        await workload.stop();
      }
      await run.untilPublished(admin);
      const compare = async (): Promise<void> => {
        for (const { table, kind } of tables)
          expect(sink.texts(table), `${table} ${kind.name}`).toEqual(await rowTextsOf(admin, selectTexts(table, kind)));
      };
      expect(failed).toEqual([]);
      expect(sink.problems.slice(0, 5)).toEqual([]);
      await compare();
      console.log(`${version}: ${keys} keys beside ${workload.transactions} transactions; COPY_SEEDS=${seed}`);

      await run.stop();
      run = start(500);
      await run.untilRunning();
      // What a reader has lost, has in another form, or has too much, comes right.
      for (const { table, keys: known } of tables) {
        const rows = sink.tables.get(table);
        for (const [key, entry] of [...(rows ?? [])]) {
          if (random.chance(0.3)) rows?.delete(key);
          else if (random.chance(0.3)) entry.row = { ...entry.row, v: 'wrong' };
        }
        run.relay.copy({ do: 'copy', patterns: [`${database}.${table}`], part: { keys: [...known.values()] } });
        await run.untilCopied();
        await admin.query(`SET sql_log_bin = 0; DELETE FROM ${table} LIMIT 50; SET sql_log_bin = 1`);
        run.relay.copy({ do: 'copy', patterns: [`${database}.${table}`], part: { keys: [...known.values()] } });
        await run.untilCopied();
      }
      await compare();
      await run.stop();
      await admin.query(`DROP DATABASE ${database}`);
    },
    300_000,
  );
});
