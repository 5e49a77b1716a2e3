import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplyProcess, isReading } from '../../dev/apply-process.ts';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import type { ApplyHealth } from '../../src/admin/apply-pages.ts';
import { cpuSeconds, peakRssMbOf } from '../measure/processes.ts';

/** What apply did from its first look at the topic to the last row committed. */
export interface ApplyFigures {
  readonly seconds: number;
  /** Those that came in these seconds. */
  readonly rows: number;
  readonly cpuSeconds: number;
  /** From `exec` on, with the compiling of its modules. */
  readonly startedCpuSeconds: number;
  readonly mysqlCpuSeconds: number;
  readonly peakRssMb: number;
  readonly transactions: number;
}

export interface ApplyRunOptions {
  readonly target: MysqlServer;
  readonly rocketmq: RocketmqServer;
  readonly topic: string;
  /** Of the consumer group, which is there already. */
  readonly group: string;
  readonly changes: number;
}

const TIMEOUT_MS = 3_600_000;
/** Seldom enough that answering costs nothing. */
const LOOK_MS = 500;

/** The configuration that is measured: the defaults, without TLS to MySQL. */
export function applyConfig({ target, rocketmq, topic, group }: Omit<ApplyRunOptions, 'changes'>): object {
  const { host, port, user, password } = target;
  return {
    source: { endpoint: rocketmq.endpoint, topic, group },
    target: { host, port, user, password, tls: { mode: 'disabled' } },
  };
}

/** Starts the compiled program on a topic that is full, and stops it when all of it is written. */
export async function runApply(options: ApplyRunOptions): Promise<ApplyFigures> {
  const { target, changes } = options;
  const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-bench-'));
  const apply = await ApplyProcess.start({ folder, config: { ...applyConfig(options) } });
  try {
    const first = await apply.until('reading', isReading);
    const firstCpuSeconds = await cpuSeconds([apply.pid]);
    const firstMysqlSeconds = await cpuSeconds(await target.pids());
    const isDone = ({ counters }: ApplyHealth): boolean => counters.rows >= changes;
    const last = await apply.until('done', isDone, TIMEOUT_MS, LOOK_MS);
    const startedCpuSeconds = await cpuSeconds([apply.pid]);
    return {
      seconds: (lastAppliedMs(last) - Date.parse(first.at)) / 1000,
      rows: last.counters.rows - first.counters.rows,
      cpuSeconds: startedCpuSeconds - firstCpuSeconds,
      startedCpuSeconds,
      mysqlCpuSeconds: (await cpuSeconds(await target.pids())) - firstMysqlSeconds,
      peakRssMb: await peakRssMbOf(apply.pid),
      transactions: last.counters.transactions,
    };
  } finally {
    await apply.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const lastAppliedMs = ({ lanes }: ApplyHealth): number =>
  Math.max(...lanes.map(({ appliedAt }) => Date.parse(appliedAt ?? '')));
