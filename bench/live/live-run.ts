import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { Servers } from '../../dev/servers/servers.ts';
import { laneNames } from '../../src/sink/lane-names.ts';
import type { ClientArguments, ClientResult } from '../floors/client.ts';
import { DATABASE } from '../load/loaded-mysql.ts';
import { cpuSeconds, peakRssMbOf } from '../measure/processes.ts';
import { runProgram } from '../measure/program.ts';
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
  /** The named client alone, sending as many bodies of the same mean size a second as the relay did. */
  readonly clientCores: number;
  readonly clientPeakRssMb: number;
}

const QUEUES = 8;
/** Connections, compiled code and the broker's first seconds are not what is measured. */
const WARM_UP_MS = 5_000;

/** One rate: the relay with a reader behind it, then the client alone. The table is there already. */
export async function runLive({ mysql, rocketmq }: Servers, options: LiveOptions): Promise<LiveRun> {
  const { rate, seconds, clients } = options;
  const topicFor = async (what: string): Promise<string> => {
    const topic = `${what}-${rate}`;
    await rocketmq.createTopic(topic, { queues: QUEUES, fifo: true });
    return topic;
  };
  const topic = await topicFor('live');
  const group = `${topic}-readers`;
  await rocketmq.createGroup(group, { ordered: true });
  const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-bench-'));
  const { host, port, relayUser: user, relayPassword: password } = mysql;
  const { endpoint } = rocketmq;
  const relay = await RelayProcess.start({
    folder,
    config: {
      source: { host, port, user, password },
      tables: { include: [`${DATABASE}.*`] },
      sink: { endpoint, topic },
    },
  });
  try {
    await relay.ready();
    const reading = runProgram<LagReaderResult>('live/lag-reader', {
      endpoint,
      topic,
      group,
      queues: QUEUES,
      fromMs: Date.now() + WARM_UP_MS,
      rows: rate * seconds,
    } satisfies LagReaderArguments);
    // It may fail before somebody waits for it.
    reading.catch(() => undefined);
    const startMs = performance.now();
    const cpuBefore = await cpuSeconds([relay.pid]);
    const written = await runPacedLoad({ mysql, database: DATABASE, perSecond: rate, seconds, clients });
    const elapsedSeconds = (performance.now() - startMs) / 1000;
    const relayCores = ((await cpuSeconds([relay.pid])) - cpuBefore) / elapsedSeconds;
    const lags = await reading;
    const { counters } = await relay.until('done', (health) => health.counters.changesAcknowledged >= written);
    const client = await runProgram<ClientResult>('floors/client', {
      endpoint,
      topic: await topicFor('client'),
      lanes: laneNames(QUEUES, 8, 'lane-'),
      messages: counters.messagesAcknowledged,
      bodyBytes: Math.round(counters.bytesAcknowledged / counters.messagesAcknowledged),
      perSecond: counters.messagesAcknowledged / elapsedSeconds,
    } satisfies ClientArguments);
    return {
      ...options,
      ...lags,
      reached: written / elapsedSeconds,
      relayCores,
      relayPeakRssMb: await peakRssMbOf(relay.pid),
      clientCores: client.cpuSeconds / client.seconds,
      clientPeakRssMb: client.peakRssMb,
    };
  } finally {
    await relay.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
