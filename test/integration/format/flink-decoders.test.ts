/**
 * Random values of all types in random tables of a real server, published at the same time in every format, and read
 * by Flink's own decoders: debezium-json and maxwell-json must give the rows that are in canal-json, whose texts are
 * compared with the server itself in test/integration/relay/round-trip.test.ts.
 *
 * FLINK_FORMATS_SEED repeats a run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asRelayError } from '../../../src/base/errors.ts';
import type { FormatName } from '../../../src/format/format.ts';
import { FORMATS } from '../../../src/format/formats.ts';
import { flinkTypeOf } from '../../../src/format/flink-table.ts';
import type { Relay } from '../../../src/relay/run/run.ts';
import type { OutboundMessage } from '../../../src/sink/sink.ts';
import { buildConnector, decodeWithFlink, type DecodedRow, type Encoded } from '../../support/flink.ts';
import { whyNoMaven } from '../../support/maven.ts';
import { holdsGtids, newestGtids } from '../../support/gtids.ts';
import { laneNames } from '../../support/lane-names.ts';
import { realSourceRelay } from '../../support/real-source-relay.ts';
import type { MessageBody } from '../../support/replay.ts';
import { readAlphabets } from '../../support/round-trip/alphabets.ts';
import { Random } from '../../support/round-trip/random.ts';
import { randomTable, sourceTable, type ServerKinds } from '../../support/round-trip/tables.ts';
import { randomTransactions, sqlOf } from '../../support/round-trip/workload.ts';
import { connectMysql, sharedMysql, uniqueName } from '../../support/servers.ts';
import { isBeginning } from '../../support/relay-states.ts';

const SEED = process.env['FLINK_FORMATS_SEED'] ?? String(Date.now());
const TABLES = 10;
const ROWS = 2_500;
const PATIENCE_MS = 120_000;
const ONE_ROW = ['debezium-json', 'maxwell-json'] as const;

const reason = await whyNoMaven();
if (reason !== undefined) console.error(`SKIPPED test/integration/format/flink-decoders.test.ts: ${reason}`);

let source: Connection;
let folder: string;

beforeAll(async () => {
  if (reason !== undefined) return;
  await buildConnector();
  source = await connectMysql();
  folder = await mkdtemp(join(tmpdir(), 'binlog-relay-decoders-'));
}, 900_000);

afterAll(async () => {
  if (reason !== undefined) return;
  await source.end();
  await rm(folder, { recursive: true, force: true });
});

it.skipIf(reason !== undefined).each(['key', 'table'] as const)(
  'Flink reads the same rows of every format, ordering %s',
  async (ordering) => {
    const database = uniqueName('decoders_');
    const relays = (['canal-json', ...ONE_ROW] as const).map((format) => new Recording(database, format, ordering));
    try {
      await source.query(
        `SET NAMES utf8mb4; SET SESSION sql_mode = '', time_zone = '+00:00'; CREATE DATABASE ${database}; USE ${database}`,
      );
      await Promise.all(relays.map((relay) => relay.started()));
      await randomLoad(database, new Random(`${SEED} ${ordering}`));
      const newest = await newestGtids(source);
      for (const relay of relays) await relay.until(newest);
    } finally {
      for (const relay of relays) await relay.stop();
      await source.query(`DROP DATABASE IF EXISTS ${database}`);
    }
    const [canal, ...others] = relays;
    const changes = new Map<string, CanalChange>();
    for (const { body } of canal?.sent ?? []) for (const change of changesOf(body)) changes.set(change.id, change);
    expect(changes.size, `FLINK_FORMATS_SEED=${SEED}`).toBeGreaterThan(ROWS / 2);
    for (const { format, sent } of others) await expectSame(format, sent, changes);
  },
  600_000,
);

/** One change as canal-json has it. */
interface CanalChange {
  /** Table and change id. */
  readonly id: string;
  readonly body: MessageBody;
  readonly data: Row;
  readonly old: Row | undefined;
}
type Row = Readonly<Record<string, string | null>>;

function changesOf(bytes: Buffer): readonly CanalChange[] {
  const body = JSON.parse(bytes.toString()) as MessageBody;
  return body.changes.map((entry, i) => ({
    id: `${body.table} ${body.source}:${entry}`,
    body,
    data: body.data[i] ?? {},
    old: body.old?.[i],
  }));
}

async function expectSame(
  format: FormatName,
  sent: readonly OutboundMessage[],
  changes: ReadonlyMap<string, CanalChange>,
): Promise<void> {
  const canalOf = (id: string): CanalChange => {
    const change = changes.get(id);
    if (change === undefined) throw new Error(`${format}: ${id} is not in canal-json`);
    return change;
  };
  const byTable = new Map<string, { readonly id: string; readonly body: string }[]>();
  for (const { body, properties } of sent) {
    const { table, db } = tableIn(body);
    const id = `${table} ${properties.get('first') ?? ''}`;
    const bodies = byTable.get(`${db}.${table}`) ?? [];
    bodies.push({ id, body: body.toString() });
    byTable.set(`${db}.${table}`, bodies);
  }
  const encoded: (Encoded & { readonly ids: readonly string[] })[] = [...byTable.values()].map((bodies) => {
    const all = bodies.map(({ id }) => canalOf(changes.has(id) ? id : id.replace(/\+$/, '')));
    const mysqlType = all[0]?.body.mysqlType ?? {};
    const names = Object.keys(mysqlType);
    const types = names.map((name) => {
      // Dates that Flink has no value for.
      const zeroDates = all.some(({ data, old }) =>
        [data[name], old?.[name]].some((text) => /^0000|-00/.test(text ?? '')),
      );
      const options = { zeroDates, binary: 'base64', timeZone: 'UTC', format } as const;
      return flinkTypeOf(mysqlType[name] ?? '', options).type;
    });
    return { format, names, types, bodies: bodies.map(({ body }) => body), ids: bodies.map(({ id }) => id) };
  });
  const decoded = await decodeWithFlink(folder, encoded);
  let at = 0;
  const seen = new Set<string>();
  for (const { names, types, ids } of encoded) {
    const mysqlTypes = canalOf(ids[0] ?? '').body.mysqlType;
    const kinds = names.map((name) => mysqlTypes[name] ?? '');
    for (const id of ids) {
      const rows = expectedRows(format, id, changes).map(([kind, row]): DecodedRow => [
        kind,
        ...names.map((name, i) => expectedText(row[name] ?? null, kinds[i] ?? '', types, i)),
      ]);
      expect(decoded[at], `${format} ${id}; FLINK_FORMATS_SEED=${SEED}`).toEqual(rows);
      seen.add(changes.has(id) ? id : id.replace(/\+$/, ''));
      at += 1;
    }
  }
  expect(decoded).toHaveLength(at);
  expect(seen.size).toBe(changes.size);
}

function tableIn(body: Buffer): { readonly db: string; readonly table: string } {
  const json = JSON.parse(body.toString()) as {
    readonly source?: { readonly db: string; readonly table: string };
    readonly database?: string;
    readonly table?: string;
  };
  return json.source ?? { db: json.database ?? '', table: json.table ?? '' };
}

/** What the message of one row has to give. `id` may be a half of an update that is whole in canal-json. */
function expectedRows(
  format: FormatName,
  id: string,
  changes: ReadonlyMap<string, CanalChange>,
): readonly (readonly [string, Row])[] {
  const whole = changes.get(id) ?? changes.get(id.replace(/\+$/, ''));
  if (whole === undefined) return [];
  const { body, data, old } = whole;
  if (body.type !== 'UPDATE') return [[body.type === 'INSERT' ? '+I' : '-D', data]];
  const before = { ...data, ...old };
  if (id.endsWith('+')) return [['+I', data]];
  if (FORMATS[format].splitsKeyChanges && changesKey(whole)) return [['-D', before]];
  return [
    ['-U', before],
    ['+U', data],
  ];
}

const changesKey = ({ body, old }: CanalChange): boolean =>
  (body.pkNames ?? []).some((name) => old !== undefined && Object.hasOwn(old, name));

/** As src/test/java/…/Decode.java prints a value whose text is this one. */
function expectedText(text: string | null, mysqlType: string, types: readonly string[], i: number): string | null {
  if (text === null) return null;
  const bytes = Buffer.alloc(8);
  switch (types[i]) {
    case 'FLOAT':
      bytes.writeFloatBE(withoutNegativeZero(Number(text), types));
      return bytes.readUInt32BE().toString(16);
    case 'DOUBLE':
      bytes.writeDoubleBE(withoutNegativeZero(Number(text), types));
      return bytes.readBigUInt64BE().toString(16);
    case 'SMALLINT':
      return String(Number(text));
    case 'BOOLEAN':
      return String(text === '1');
    case 'BYTES':
      return mysqlType.startsWith('bit') ? littleEndian(BigInt(text), mysqlType) : text;
    default:
      return text;
  }
}

/** Flink reads all numbers as decimals where a column of the table is one: these have no negative zero. */
const withoutNegativeZero = (value: number, types: readonly string[]): number =>
  value === 0 && types.some((type) => type.startsWith('DECIMAL')) ? 0 : value;

function littleEndian(value: bigint, mysqlType: string): string {
  const bits = Number(/\((\d+)\)/.exec(mysqlType)?.[1] ?? 1);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.subarray(0, (bits + 7) >> 3).toString('base64');
}

async function randomLoad(database: string, random: Random): Promise<void> {
  const alphabets = await readAlphabets(source, random);
  const server: ServerKinds = { alphabets, isModern: true, isMariadb: false, hasGenerated: true };
  const tables = random.list(TABLES, (i) => randomTable(random.fork(`table ${i}`), i, server));
  for (const table of tables) await source.query(sourceTable(database, table));
  for (const { settings, operations, end } of randomTransactions(random.fork('rows'), tables, ROWS, server)) {
    const statements = operations.map((operation) => {
      const table = tables[operation.table];
      return (table === undefined ? undefined : sqlOf(database, table, operation)) ?? 'DO 0';
    });
    for (const statement of [...settings, 'BEGIN', ...statements, end]) await source.query(statement);
  }
}

class Recording {
  readonly format: FormatName;
  readonly sent: OutboundMessage[] = [];
  readonly #relay: Relay;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #failure: unknown;

  constructor(database: string, format: FormatName, ordering: 'key' | 'table') {
    this.format = format;
    this.#relay = realSourceRelay({
      mysql: sharedMysql(),
      tables: { include: [`${database}.*`] },
      sink: {
        open: () => Promise.resolve({ destination: format, queues: 1, maxBodyBytes: 4 << 20, laneNames }),
        send: (message) => {
          this.sent.push({ ...message, body: Buffer.from(message.body) });
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      },
      format: FORMATS[format],
      ordering,
      lanes: 4,
    });
    this.#ended = this.#relay.run(this.#stop.signal).catch((error: unknown) => {
      this.#failure = error;
    });
  }

  async started(): Promise<void> {
    while (isBeginning(this.#relay.status())) await sleep(5);
  }

  async until(gtidSet: string): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!holdsGtids(this.#relay.status().lowWaterMark?.gtidSet ?? '', gtidSet)) {
      if (this.#failure !== undefined) throw asRelayError(this.#failure);
      if (performance.now() > deadlineMs) throw new Error(`the relay did not get to ${gtidSet}`);
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}
