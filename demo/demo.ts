/**
 * The two-minute tour: a shop on a real MySQL, the relay, a real RocketMQ, and another team's MySQL that apply keeps
 * equal to the shop.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { RowDataPacket } from 'mysql2/promise';
import { PROGRAM } from '../dev/daemon-process.ts';
import { runLoad, type LoadCounts } from '../dev/shop.ts';
import { connect, COPY, NEXT_GROUPS, Parties, SOURCE, TOPIC, WATCHERS } from './parties.ts';
import { showMessage } from './show.ts';
import { watchFor } from './watch.ts';

const HELP = `npm run demo [-- OPTIONS]

  --seconds N   how long orders come in (default 15)
  --rate N      transactions per second (default 300)
  --keep        leave everything running afterwards, with its addresses shown, until Ctrl-C
`;

const SQL = "UPDATE orders SET status = 'paid' WHERE order_no = 'DEMO-1'";
const PATIENCE_MS = 60_000;

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
  const parties = await Parties.start(step);
  try {
    await parties.prepare();
    await parties.startRelay();
    await parties.startApply();
    const isEqual = await tour(parties, seconds, rate);
    if (keep) await stay(parties);
    return isEqual ? 0 : 1;
  } finally {
    await parties.stop();
  }
}

/** Orders come in, the copy follows, and is compared while they do. True when it is equal. */
async function tour(parties: Parties, seconds: number, rate: number): Promise<boolean> {
  const { mysql, rocketmq } = parties.servers;
  const watching = new AbortController();
  const message = watchFor(
    { endpoint: rocketmq.endpoint, topic: TOPIC, group: WATCHERS, signal: watching.signal },
    ({ properties, body }) => properties.get('kind') === 'UPDATE' && body.includes('"order_no":"DEMO-1"'),
  );
  const connection = await connect(mysql, SOURCE);
  await connection.query(SQL);
  await connection.end();
  const counts = await load(parties, seconds, rate);
  step('the orders stop; the rest of them is on its way');
  await untilIdle(parties);
  const giveUp = setTimeout(() => watching.abort(), PATIENCE_MS);
  const body = await message;
  clearTimeout(giveUp);
  await report(parties, counts, body);
  step('verify: both databases are read in chunks and compared, every value');
  return (await verify(parties)) === 0;
}

async function load(parties: Parties, seconds: number, rate: number): Promise<LoadCounts> {
  step(`orders come in for ${seconds} s: 4 clients, ${rate} transactions/s: insert, pay, ship, cancel, delete`);
  const startedMs = performance.now();
  const ticker = setInterval(() => void tick(parties, startedMs), 3000);
  try {
    return await runLoad(
      parties.servers.mysql,
      { database: SOURCE, clients: 4, transactionsPerSecond: rate },
      AbortSignal.timeout(seconds * 1000),
    );
  } finally {
    clearInterval(ticker);
  }
}

async function tick({ apply }: Parties, startedMs: number): Promise<void> {
  const health = await apply.health();
  if (health === undefined) return;
  const { counters, lastLagSeconds } = health;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0).padStart(3);
  say(`    ${seconds} s  ${counters.rows} rows are in the copy, lag ${milliseconds(lastLagSeconds)}`);
}

/** Everything is published and copied, and apply has written all of it. */
async function untilIdle({ servers, relay, apply }: Parties): Promise<void> {
  await relay.until(
    'done',
    ({ progress, heldBytes, copies }) =>
      progress === 'idle' && heldBytes === 0 && copies.every(({ endedAt }) => endedAt !== undefined),
    PATIENCE_MS,
  );
  const connection = await connect(servers.mysql);
  const [[executed]] = await connection.query<RowDataPacket[]>('SELECT @@gtid_executed AS gtids');
  await connection.end();
  const gtids = String(executed?.['gtids']).replaceAll('\n', '');
  await apply.until('done', ({ complete }) => complete?.gtidSet === gtids, PATIENCE_MS);
}

async function report(
  { relay, apply }: Parties,
  { transactions, rows }: LoadCounts,
  body: Buffer | undefined,
): Promise<void> {
  const published = (await relay.health())?.counters;
  const health = await apply.health();
  if (published === undefined || health === undefined) throw new Error('relay or apply does not answer');
  const { counters, lastLagSeconds } = health;
  say('');
  say(`    ${SQL};`);
  say('  became');
  say(showMessage(body));
  say('');
  say(`  shop       ${transactions} transactions changed ${rows} rows`);
  say(`  before     ${published.rowsCopied} rows were there before the relay, and were published beside the stream`);
  say(`  topic      ${published.messagesAcknowledged} messages`);
  say(
    `  the copy   ${counters.rows} rows written in ${counters.transactions} transactions, lag ${milliseconds(lastLagSeconds)}`,
  );
  say('');
}

function milliseconds(seconds: number | null): string {
  return seconds === null ? 'unknown' : `${(seconds * 1000).toFixed(0)} ms`;
}

/** The exit code of `binlog-relay verify`: 0 when all is equal. Its log is shown when it is not. */
async function verify({ applyConfig }: Parties): Promise<number> {
  const child = spawn(PROGRAM, ['verify', '--config', applyConfig], { stdio: ['ignore', 'inherit', 'pipe'] });
  const log: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => log.push(bytes));
  const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 1)));
  if (code !== 0) process.stderr.write(Buffer.concat(log));
  return code;
}

/** `--keep`: until Ctrl-C, with what README's "Where the data goes next" needs. */
async function stay({ servers, target, relay, apply, relayConfig }: Parties): Promise<void> {
  const { mysql, rocketmq } = servers;
  for (const [group, options] of Object.entries(NEXT_GROUPS)) await rocketmq.createGroup(group, options);
  say('');
  say(`  shop       mysql -h ${mysql.host} -P ${mysql.port} -u ${mysql.user} ${SOURCE}`);
  say(`  the copy   mysql -h ${target.host} -P ${target.port} -u ${target.user} ${COPY}`);
  say(`  RocketMQ   ${rocketmq.endpoint} (gRPC), name server ${rocketmq.namesrv}, topic ${TOPIC}`);
  say(`  relay      ${(await relay.address()) ?? ''}  log: ${relay.logFile}`);
  say(`  apply      ${(await apply.address()) ?? ''}  log: ${apply.logFile}`);
  say('');
  say("  For the blocks of README's “Where the data goes next”:");
  say(`  export NAMESRV=${rocketmq.namesrv} ENDPOINT=${rocketmq.endpoint} RELAY_CONFIG=${relayConfig}`);
  say('  Ctrl-C ends all of it.');
  await new Promise((resolve) => process.once('SIGINT', resolve));
}
