/**
 * The two-minute tour: a shop on a real MySQL, the relay, a real RocketMQ, and a reader that rebuilds the shop from the
 * topic.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { compareTables } from '../dev/compare.ts';
import { RelayProcess } from '../dev/relay-process.ts';
import type { MysqlAddress, Servers } from '../dev/servers/servers.ts';
import { startServers } from '../dev/servers/start.ts';
import { createShop, fillShop, runLoad, SHOP_TABLES, type LoadCounts } from '../dev/shop.ts';
import { CopyReader } from '../dev/copy-reader.ts';
import { percentile, showMessage } from './show.ts';

const HELP = `npm run demo [-- OPTIONS]

  --seconds N   how long orders come in (default 15)
  --rate N      transactions per second (default 300)
  --keep        leave everything running afterwards, with its addresses shown, until Ctrl-C
`;

const SOURCE = 'shop';
const COPY = 'shop_copy';
/** Orders that are there before the relay is. */
const PAST_ORDERS = 50_000;
const TOPIC = 'order-binlog';
const GROUP = 'demo-readers';
const SQL = "UPDATE orders SET status = 'paid' WHERE order_no = 'DEMO-1'";

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '15' },
    rate: { type: 'string', default: '300' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const step = (line: string): void => say(`• ${line}`);

if (options.help) say(HELP);
else process.exitCode = await demo(Number(options.seconds), Number(options.rate), options.keep);

async function demo(seconds: number, rate: number, keep: boolean): Promise<number> {
  const servers = await startServers({ progress: step });
  const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-demo-'));
  let relay: RelayProcess | undefined;
  try {
    await prepare(servers);
    relay = await startRelay(servers, folder);
    const isEqual = await tour(servers, relay, seconds, rate);
    if (keep) await stay(servers, relay);
    return isEqual ? 0 : 1;
  } finally {
    await relay?.stop();
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare({ mysql, rocketmq }: Servers): Promise<void> {
  await rocketmq.createTopic(TOPIC, { queues: 8, fifo: true });
  await rocketmq.createGroup(GROUP, { ordered: true });
  const connection = await connect(mysql);
  await createShop(connection, COPY);
  await createShop(connection, SOURCE);
  await fillShop(connection, PAST_ORDERS);
  await connection.query("INSERT INTO orders (order_no, user_id, amount) VALUES ('DEMO-1', 1, 99.90)");
  await connection.end();
  step(`a shop of ${SHOP_TABLES.length} tables with ${PAST_ORDERS} orders, and an empty copy of it`);
}

async function startRelay({ mysql, rocketmq }: Servers, folder: string): Promise<RelayProcess> {
  const relay = await RelayProcess.start({
    folder,
    config: {
      source: {
        host: mysql.host,
        port: mysql.port,
        user: mysql.relayUser,
        password: mysql.relayPassword,
        start: 'copy',
      },
      tables: { include: [`${SOURCE}.*`] },
      sink: { endpoint: rocketmq.endpoint, topic: TOPIC },
    },
  });
  await relay.ready();
  step(
    `the relay reads the binlog of MySQL (process ${relay.pid}, health at ${(await relay.address()) ?? ''}/healthz)`,
  );
  return relay;
}

/** Orders come in, the reader follows, both sides are compared. True when they are equal. */
async function tour(
  { mysql, rocketmq }: Servers,
  relay: RelayProcess,
  seconds: number,
  rate: number,
): Promise<boolean> {
  const reader = new CopyReader({ endpoint: rocketmq.endpoint, topic: TOPIC, group: GROUP }, mysql, COPY);
  const connection = await connect(mysql, SOURCE);
  try {
    await connection.query(SQL);
    const counts = await load(mysql, reader, seconds, rate);
    step('the orders stop; the reader catches up');
    const { counters } = await relay.until(
      'done',
      ({ progress, heldBytes, copies }) =>
        progress === 'idle' && heldBytes === 0 && copies.every(({ endedAt }) => endedAt !== undefined),
      60_000,
    );
    await reader.idle();
    return await report(mysql, reader, counts, counters.rowsCopied);
  } finally {
    await reader.stop();
    await connection.end();
  }
}

async function load(mysql: MysqlAddress, reader: CopyReader, seconds: number, rate: number): Promise<LoadCounts> {
  step(`orders come in for ${seconds} s: 4 clients, ${rate} transactions/s: insert, pay, ship, cancel, delete`);
  const startedMs = performance.now();
  const ticker = setInterval(() => {
    const { messages, changes } = reader.counts;
    const lag = percentile(reader.recentLagsMs(), 0.5);
    say(
      `    ${((performance.now() - startedMs) / 1000).toFixed(0).padStart(3)} s  ${changes} changes in ${messages} messages read, lag ${lag.toFixed(0)} ms`,
    );
  }, 3000);
  try {
    return await runLoad(
      mysql,
      { database: SOURCE, clients: 4, transactionsPerSecond: rate },
      AbortSignal.timeout(seconds * 1000),
    );
  } finally {
    clearInterval(ticker);
  }
}

async function report(
  mysql: MysqlAddress,
  reader: CopyReader,
  { transactions, rows }: LoadCounts,
  rowsCopied: number,
): Promise<boolean> {
  const [source, copy] = await Promise.all([connect(mysql), connect(mysql)]);
  try {
    const { rows: compared, difference } = await compareTables(
      { connection: source, database: SOURCE },
      { connection: copy, database: COPY },
      SHOP_TABLES,
    );
    const { messages, changes, messagesRepeated, changesRepeated } = reader.counts;
    say('');
    say(`    ${SQL};`);
    say('  became');
    say(
      showMessage(
        reader.find((body) => body.type === 'UPDATE' && body.data.some((row) => row['order_no'] === 'DEMO-1')),
      ),
    );
    say('');
    say(`  shop       ${transactions} transactions changed ${rows} rows`);
    say(`  before     ${rowsCopied} rows were there before the relay, and were published beside the stream`);
    say(
      `  topic      ${changes} changes in ${messages} messages; sent twice: ${messagesRepeated} messages, ${changesRepeated} changes`,
    );
    say(
      `  lag        commit to reader p50 ${percentile(reader.lagsMs, 0.5).toFixed(0)} ms, p99 ${percentile(reader.lagsMs, 0.99).toFixed(0)} ms`,
    );
    if (difference === undefined) {
      say(`  the copy   ${compared} rows of ${SHOP_TABLES.length} tables compared, every value: equal`);
      return true;
    }
    say(`  the copy   differs, first in ${difference.table}:`);
    say(`             source ${showRow(difference.source)}`);
    say(`             copy   ${showRow(difference.copy)}`);
    return false;
  } finally {
    await Promise.all([source.end(), copy.end()]);
  }
}

const showRow = (row: Readonly<Record<string, unknown>> | undefined): string =>
  row === undefined
    ? '(no such row)'
    : JSON.stringify(row, (_, value: unknown) => (Buffer.isBuffer(value) ? value.toString() : value));

/** `--keep`: until Ctrl-C. */
async function stay({ mysql, rocketmq }: Servers, relay: RelayProcess): Promise<void> {
  say('');
  say(`  MySQL      mysql -h ${mysql.host} -P ${mysql.port} -u ${mysql.user}   (schemas ${SOURCE} and ${COPY})`);
  say(`  RocketMQ   ${rocketmq.endpoint} (gRPC), name server ${rocketmq.namesrv}, topic ${TOPIC}`);
  say(`  relay      ${(await relay.address()) ?? ''}  log: ${relay.logFile}`);
  say('  Ctrl-C ends all of it.');
  await new Promise((resolve) => process.once('SIGINT', resolve));
}

function connect({ host, port, user, password }: MysqlAddress, database?: string): ReturnType<typeof createConnection> {
  return createConnection({ host, port, user, password, ...(database !== undefined && { database }) });
}
