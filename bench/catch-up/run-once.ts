import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import type { FilePosition } from '../../src/binlog/binlog.ts';
import { laneNames } from '../../src/sink/lane-names.ts';
import type { ClientArguments, ClientResult } from '../floors/client.ts';
import type { ReadBinlogArguments, ReadBinlogResult } from '../floors/read-binlog.ts';
import type { RowJsonArguments, RowJsonResult } from '../floors/row-json.ts';
import type { WholeWayArguments, WholeWayResult } from '../floors/whole-way.ts';
import type { LoadedMysql } from '../load/loaded-mysql.ts';
import type { LoadCounts, Workload } from '../load/workload.ts';
import { runProgram } from '../measure/program.ts';
import { runRelay, type RelayFigures } from './relay-run.ts';
import { countTopic } from './topic-count.ts';

/** Everything that was measured beside each other. */
export interface CatchUpRun {
  readonly workload: string;
  readonly counts: LoadCounts;
  readonly relay: RelayFigures & { readonly firstMessageMs: number };
  /** The same with TLS to MySQL, as it is by default where the server offers it. The floors and `relay` are without. */
  readonly encrypted: RelayFigures;
  readonly read: ReadBinlogResult;
  readonly rowJson: RowJsonResult;
  /** Undefined for a load with updates, which the prototype does not know. */
  readonly wholeWay: WholeWayResult | undefined;
  readonly client: ClientResult;
}

const QUEUES = 8;
const LANES = laneNames(QUEUES, 8, 'lane-');
const MESSAGE_BYTES = 256 << 10;

/**
 * One run of the relay between its floors, each in a process of its own, one after the other. `n`: names the topics.
 */
export async function runOnce(
  workload: Workload,
  { mysql, counts, data }: LoadedMysql,
  rocketmq: RocketmqServer,
  n: number,
): Promise<CatchUpRun> {
  const { endpoint } = rocketmq;
  const topicFor = async (what: string): Promise<string> => {
    const topic = `${what}-${n}`;
    await rocketmq.createTopic(topic, { queues: QUEUES, fifo: true });
    return topic;
  };
  const read = await runProgram<ReadBinlogResult>('floors/read-binlog', {
    mysql,
    until: await head(mysql),
  } satisfies ReadBinlogArguments);
  const rowJson = await runProgram<RowJsonResult>('floors/row-json', { data } satisfies RowJsonArguments);
  const wholeWay = workload.onlyInserts
    ? await runProgram<WholeWayResult>('floors/whole-way', {
        mysql,
        endpoint,
        topic: await topicFor('whole-way'),
        lanes: LANES,
        rows: counts.changes,
        messageBytes: MESSAGE_BYTES,
      } satisfies WholeWayArguments)
    : undefined;
  const topic = await topicFor('relay');
  const { changes } = counts;
  const relay = await runRelay({ mysql, rocketmq, topic, changes, isEncrypted: false });
  const encrypted = await runRelay({ mysql, rocketmq, topic: await topicFor('encrypted'), changes, isEncrypted: true });
  const client = await runProgram<ClientResult>('floors/client', {
    endpoint,
    topic: await topicFor('client'),
    lanes: LANES,
    messages: relay.messages,
    bodyBytes: Math.round(relay.bytes / relay.messages),
  } satisfies ClientArguments);
  const { firstMessageMs } = await countTopic(rocketmq, topic, changes);
  return {
    workload: workload.name,
    counts,
    relay: { ...relay, firstMessageMs },
    encrypted,
    read,
    rowJson,
    wholeWay,
    client,
  };
}

async function head({ host, port, user, password }: MysqlServer): Promise<FilePosition> {
  const connection = await createConnection({ host, port, user, password });
  const [[row]] = await connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
  await connection.end();
  return { file: String(row?.['File']), offset: Number(row?.['Position']) };
}
