import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelayProcess, type Health } from '../../dev/relay-process.ts';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import { DATABASE } from '../load/loaded-mysql.ts';
import { cpuSeconds, peakRssMbOf } from '../measure/processes.ts';

/** What the relay did from its start to the last row acknowledged. */
export interface RelayFigures {
  /** ms since 1970. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly cpuSeconds: number;
  /**
   * CPU time from soon after the first event on, and the changes that were read in it: without what it takes to start.
   */
  readonly running: { readonly cpuSeconds: number; readonly changes: number };
  readonly brokerCpuSeconds: number;
  readonly mysqlCpuSeconds: number;
  readonly peakRssMb: number;
  readonly messages: number;
  readonly bytes: number;
}

export interface RelayRunOptions {
  readonly mysql: MysqlServer;
  readonly rocketmq: RocketmqServer;
  readonly topic: string;
  readonly changes: number;
  readonly isEncrypted: boolean;
  /** Messages as small as they get: of a row each, nearly. */
  readonly isSingle?: boolean;
}

const TIMEOUT_MS = 3_600_000;
/** Seldom enough that answering costs the relay nothing. */
const LOOK_MS = 500;

/**
 * Starts the compiled relay on a server that holds the load, and stops it when the broker has acknowledged all of it.
 */
export async function runRelay({
  mysql,
  rocketmq,
  topic,
  changes,
  isEncrypted,
  isSingle = false,
}: RelayRunOptions): Promise<RelayFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-bench-'));
  const brokerBefore = await cpuSeconds(await rocketmq.pids());
  const mysqlBefore = await cpuSeconds(await mysql.pids());
  const startedAtMs = Date.now();
  const relay = await RelayProcess.start({
    folder,
    config: {
      source: {
        host: mysql.host,
        port: mysql.port,
        user: mysql.relayUser,
        password: mysql.relayPassword,
        tls: { mode: isEncrypted ? 'required' : 'disabled' },
        start: 'earliest',
      },
      tables: { include: [`${DATABASE}.*`] },
      sink: { endpoint: rocketmq.endpoint, topic },
      ...(isSingle && { limits: { messageBytes: '1KiB' } }),
    },
  });
  try {
    const { counters: first } = await relay.ready();
    const firstCpuSeconds = await cpuSeconds([relay.pid]);
    const isDone = ({ counters }: Health): boolean => counters.changesAcknowledged >= changes;
    const { counters } = await relay.until('done', isDone, TIMEOUT_MS, LOOK_MS);
    const totalCpuSeconds = await cpuSeconds([relay.pid]);
    return {
      startedAtMs,
      endedAtMs: await lastAcknowledgedMs(relay),
      cpuSeconds: totalCpuSeconds,
      running: { cpuSeconds: totalCpuSeconds - firstCpuSeconds, changes: changes - changesRead(first) },
      brokerCpuSeconds: (await cpuSeconds(await rocketmq.pids())) - brokerBefore,
      mysqlCpuSeconds: (await cpuSeconds(await mysql.pids())) - mysqlBefore,
      peakRssMb: await peakRssMbOf(relay.pid),
      messages: counters.messagesAcknowledged,
      bytes: counters.bytesAcknowledged,
    };
  } finally {
    await relay.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const changesRead = ({ changesInserted, changesUpdated, changesDeleted }: Health['counters']): number =>
  changesInserted + changesUpdated + changesDeleted;

async function lastAcknowledgedMs(relay: RelayProcess): Promise<number> {
  const metrics = (await relay.page('/metrics')) ?? '';
  const found = /^binlog_relay_last_acknowledged_timestamp_seconds (\S+)$/m.exec(metrics);
  return Number(found?.[1]) * 1000;
}
