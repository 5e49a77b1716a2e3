/**
 * debezium-json and maxwell-json from end to end: a real MySQL, the relay as a program, a real topic, and a table of
 * Flink whose format has the same name.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import { readChanges } from '../../src/reader/library.ts';
import { buildConnector, FlinkRun, LinesTable } from '../support/flink.ts';
import { whyNoMaven } from '../support/maven.ts';
import { holdsGtids, newestGtids } from '../support/gtids.ts';
import { program } from '../support/program.ts';
import {
  connectMysql,
  freshTopic,
  sharedMysql,
  sharedRocketmq,
  uniqueName,
  type FreshTopic,
} from '../support/servers.ts';

const PATIENCE_MS = 120_000;
const ROWS = 300;
const TABLE = `CREATE TABLE orders (
  id BIGINT UNSIGNED PRIMARY KEY, status ENUM('new','paid') NOT NULL, amount DECIMAL(12,2), big DECIMAL(65,30), flag BIT(1), bits BIT(9), share DOUBLE,
  note VARCHAR(50) CHARACTER SET gbk, doc JSON, at DATETIME(6), seen TIMESTAMP(3) NULL, d DATE, t TIME(3), y YEAR, bn VARBINARY(20), tags SET('a','b'))`;
/** As the file of the table has them. */
const TEXTS = [
  ...[
    'id',
    'status',
    'amount',
    'big',
    'FLAG',
    'BITS',
    'share',
    'note',
    'doc',
    'at',
    'seen',
    'd',
    't',
    'y + 0',
    'TO_BASE64(bn)',
    'tags',
  ],
];
const BITS = {
  'debezium-json': ["IF(flag, 'true', 'false')", "TO_BASE64(REVERSE(UNHEX(LPAD(HEX(bits + 0), 4, '0'))))"],
  'maxwell-json': ['flag + 0', 'bits + 0'],
} as const;

const reason = await whyNoMaven();
if (reason !== undefined) console.error(`SKIPPED test/e2e/one-row-formats.test.ts: ${reason}`);

describe.skipIf(reason !== undefined).each(['debezium-json', 'maxwell-json'] as const)('%s', (format) => {
  let shop: string;
  let source: Connection;
  let topic: FreshTopic;
  let folder: string;
  let relay: RelayProcess | undefined;

  beforeAll(() => buildConnector(), 900_000);

  beforeEach(async () => {
    shop = uniqueName('one_row_');
    source = await connectMysql();
    await source.query(`CREATE DATABASE ${shop}; USE ${shop}; SET time_zone = '+00:00'; ${TABLE}`);
    await insert(0);
    topic = await freshTopic();
    folder = await mkdtemp(join(tmpdir(), 'binlog-relay-one-row-'));
  });

  afterEach(async () => {
    await relay?.kill9();
    await source.query(`DROP DATABASE ${shop}`);
    await source.end();
    await rm(folder, { recursive: true, force: true });
  });

  it('is read by Flink, exactly, and by nothing that knows canal-json alone', async () => {
    await startRelay();
    await relay?.until('copied', ({ copies }) => copies.some(({ endedAt }) => endedAt !== undefined), PATIENCE_MS);
    await insert(ROWS);
    await source.query(
      `UPDATE orders SET status = 'paid', amount = amount + 1, doc = JSON_SET(COALESCE(doc, '{}'), '$.n', id), seen = NULL WHERE id % 3 = 0;
       UPDATE orders SET id = id + 100000, flag = 1 - flag WHERE id % 10 = 1 AND id < 1000; DELETE FROM orders WHERE id % 7 = 0`,
    );
    const newest = await newestGtids(source);
    await relay?.until(
      'up to date',
      ({ lowWaterMark }) => holdsGtids(lowWaterMark?.gtidSet ?? '', newest),
      PATIENCE_MS,
    );

    const flink = await FlinkRun.start(folder, 'orders', await script());
    try {
      expect(await flink.exited, flink.output.slice(-4000)).toBe(0);
    } finally {
      await flink.stop();
    }
    const copy = new LinesTable(join(folder, 'orders.jsonl'), 1);
    copy.readOn();
    const there = await rowsOf();
    expect(there.length).toBeGreaterThan(ROWS);
    expect([...copy.rows.values()].sort(byKey)).toEqual(there.sort(byKey));

    await expect(firstChange()).rejects.toThrow(`its format is "${format}", not canal-json`);
  }, 600_000);

  it('is not changed for another one unasked', async () => {
    await startRelay();
    await relay?.stop();
    await startRelay('canal-json', []);
    expect(await relay?.exited).toMatchObject({ code: 78 });
    expect(await relay?.log()).toContain(`made for messages in ${format}, publish.format is canal-json`);
    expect((await program(['check', '--config', join(folder, 'relay.yaml')])).stdout).toContain('--accept-new-format');
    await startRelay('canal-json', ['--accept-new-format']);
    await relay?.ready();
  }, 200_000);

  async function startRelay(publishFormat: string = format, args?: readonly string[]): Promise<void> {
    const { host, port, user, password } = sharedMysql();
    relay = await RelayProcess.start({
      folder,
      config: {
        source: { host, port, user, password, start: 'copy' },
        tables: { include: [`${shop}.*`] },
        sink: { endpoint: sharedRocketmq().endpoint, topic: topic.topic },
        copy: { rest: 0, maxThreadsRunning: 1000 },
        publish: { progress: '1s', format: publishFormat },
      },
      ...(args !== undefined && { args }),
    });
    if (args === undefined) await relay.ready();
  }

  async function insert(from: number): Promise<void> {
    const rows = Array.from({ length: ROWS }, (_, i) => {
      const id = BigInt(from + i) + (i === 5 ? 2n ** 64n - 1000n : 0n);
      const nulls = i % 11 === 0;
      const values = [
        ...[id, "'new'", `${i}.5`, nulls ? 'NULL' : `'-${i}.000000000000000000000000000001'`, `b'${i % 2}'`, i % 512],
        ...[
          `${i} / 8`,
          `'备注 "${i}"'`,
          nulls ? 'NULL' : `'{"z": ${i}, "a": [null, "é"]}'`,
          "'2026-11-23 10:00:00.120000'",
        ],
        ...[
          "'2026-11-23 10:00:00.5'",
          "'9999-12-31'",
          "'-838:59:59'",
          i % 2 === 0 ? 2026 : 0,
          `x'00ff${'61'.repeat(i % 9)}'`,
          "'a,b'",
        ],
      ];
      return `(${values.join()})`;
    });
    await source.query(`INSERT INTO orders VALUES ${rows.join()}`);
  }

  /** The table as `binlog-relay flink-ddl` prints it, written to a file until the end that the topic has now. */
  async function script(): Promise<string> {
    const printed = await program([
      ...['flink-ddl', `${shop}.orders`, '--config', join(folder, 'relay.yaml')],
      ...['--group', topic.group, '--name-server', sharedRocketmq().namesrv],
    ]);
    expect(printed.code, printed.stderr).toBe(0);
    expect(printed.stdout).toContain(`'format' = '${format}'`);
    const path = join(folder, 'orders.jsonl');
    return [
      "SET 'table.exec.source.cdc-events-duplicate' = 'true';",
      "SET 'parallelism.default' = '1';",
      printed.stdout.replace(
        "'format' =",
        "'scan.bounded.mode' = 'latest-offset',\n  'filter' = 'reader',\n  'format' =",
      ),
      `CREATE TABLE lines WITH ('connector' = 'lines', 'path' = '${path}') LIKE orders (EXCLUDING OPTIONS);`,
      'INSERT INTO lines SELECT * FROM orders;',
    ].join('\n');
  }

  async function rowsOf(): Promise<(string | null)[][]> {
    const [flag, bits] = BITS[format];
    const texts = TEXTS.map((text) => ({ FLAG: flag, BITS: bits })[text] ?? text).map(
      (text) => `CAST(${text} AS CHAR)`,
    );
    const [rows] = await source.query<RowDataPacket[]>({
      sql: `SELECT ${texts.join()} FROM orders`,
      rowsAsArray: true,
    });
    // Java's text of a DOUBLE.
    return (rows as unknown as (string | null)[][]).map((row) =>
      row.map((text, i) => (TEXTS[i] === 'share' && text !== null && !text.includes('.') ? `${text}.0` : text)),
    );
  }

  async function firstChange(): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for await (const change of readChanges({
      endpoint: sharedRocketmq().endpoint,
      topic: topic.topic,
      group: topic.group,
      signal,
    }))
      throw new Error(`it was read: ${change.kind}`);
  }
});

const byKey = ([a]: readonly (string | null)[], [b]: readonly (string | null)[]): number =>
  String(a) < String(b) ? -1 : 1;
