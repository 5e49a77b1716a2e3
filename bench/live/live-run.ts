import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { Servers } from '../../dev/servers/servers.ts';
import { laneNames } from '../../src/sink/lane-names.ts';
import type { ClientArguments, ClientResult } from '../floors/client.ts';
import type { FollowBinlogArguments } from '../floors/follow-binlog.ts';
import { DATABASE } from '../load/loaded-mysql.ts';
import { cpuSeconds, peakRssMbOf } from '../measure/processes.ts';
import { runProgram } from '../measure/program.ts';
import type { Usage } from '../measure/stopwatch.ts';
import type { LagReaderArguments, LagReaderResult } from './lag-reader.ts';
import { runPacedLoad } from './paced-load.ts';

export interface LiveOptions {
  /** Single-row transactions a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly clients: number;
}

export interface LiveRun extends LiveOptions, LagReaderResult {
  /** What MySQL could commit. */
  readonly reached: number;
  readonly relayCores: number;
  readonly relayPeakRssMb: number;
  /**
   * The named client alone, sending as many bodies of the same mean size a second as the relay did, beside the same
   * load.
   */
  readonly clientCores: number;
  readonly clientLagMs: LagReaderResult['lagMs'];
  readonly clientPeakRssMb: number;
  /** The relay's dump connection alone, beside the same load. */
  readonly followCores: number;
}

const QUEUES = 8;
/**
 * Connections, and the first seconds of broker and relay, while their code is being compiled, are not what is measured.
 */
const WARM_UP_MS = 15_000;

/**
 * One rate: the relay with a reader behind it, then the client and the dump connection alone, beside the same load. The
 * table is there already.
 */
export async function runLive({ mysql, rocketmq }: Servers, options: LiveOptions): Promise<LiveRun> {
  const { rate, seconds, clients } = options;
  if (seconds * 1000 <= WARM_UP_MS)
    throw new Error(`--seconds must be more than ${WARM_UP_MS / 1000}: those do not count`);
  const load = { mysql, database: DATABASE, perSecond: rate, seconds, clients };
  const createTopic = async (topic: string): Promise<string> => {
    await rocketmq.createTopic(topic, { queues: QUEUES, fifo: true });
    await rocketmq.createGroup(`${topic}-readers`, { ordered: true });
    return topic;
  };
  const read = (topic: string, rows: number): Promise<LagReaderResult> =>
    runProgram<LagReaderResult>('live/lag-reader', {
      endpoint,
      topic,
      group: `${topic}-readers`,
      queues: QUEUES,
      fromMs: Date.now() + WARM_UP_MS,
      rows,
    } satisfies LagReaderArguments);
  const topic = await createTopic(`live-${rate}`);
  const clientTopic = await createTopic(`client-${rate}`);
  const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-bench-'));
  const { host, port, relayUser: user, relayPassword: password } = mysql;
  const { endpoint } = rocketmq;
  const relay = await RelayProcess.start({
    folder,
    config: {
      // Without TLS, as the figures are that it is compared with.
      source: { host, port, user, password, tls: { mode: 'disabled' } },
      tables: { include: [`${DATABASE}.*`] },
      sink: { endpoint, topic },
    },
  });
  try {
    await relay.ready();
    const reading = read(topic, rate * seconds);
    // It may fail before somebody waits for it.
    reading.catch(() => undefined);
    const startMs = performance.now();
    const writing = runPacedLoad(load);
    const relayCores = await coresAfterWarmUp(relay.pid, writing);
    const written = await writing;
    const elapsedSeconds = (performance.now() - startMs) / 1000;
    const lags = await reading;
    const { counters } = await relay.until('done', (health) => health.counters.changesAcknowledged >= written);
    const messages = counters.messagesAcknowledged;
    const relayPeakRssMb = await peakRssMbOf(relay.pid);
    await relay.stop();
    const [client, clientLags, following] = await Promise.all([
      runProgram<ClientResult>('floors/client', {
        endpoint,
        topic: clientTopic,
        lanes: laneNames(QUEUES, 8, 'lane-'),
        messages,
        bodyBytes: Math.round(counters.bytesAcknowledged / messages),
        perSecond: messages / elapsedSeconds,
        warmUpMs: WARM_UP_MS,
      } satisfies ClientArguments),
      read(clientTopic, messages),
      runProgram<Usage>('floors/follow-binlog', {
        mysql,
        warmUpMs: WARM_UP_MS,
        forMs: seconds * 1000 - WARM_UP_MS,
      } satisfies FollowBinlogArguments),
      runPacedLoad(load),
    ]);
    return {
      ...options,
      ...lags,
      reached: written / elapsedSeconds,
      relayCores,
      relayPeakRssMb,
      clientCores: client.cpuSeconds / client.seconds,
      followCores: following.cpuSeconds / following.seconds,
      clientLagMs: clientLags.lagMs,
      clientPeakRssMb: client.peakRssMb,
    };
  } finally {
    await relay.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function coresAfterWarmUp(pid: number, writing: Promise<unknown>): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const startMs = performance.now();
  const before = await cpuSeconds([pid]);
  await writing;
  return ((await cpuSeconds([pid])) - before) / ((performance.now() - startMs) / 1000);
}
