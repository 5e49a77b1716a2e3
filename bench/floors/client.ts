/**
 * The floor of sending: the named client alone, with bodies that are ready, one request in flight for each lane. A body
 * says when it was sent, as a change of one row does, so that `live/lag-reader` can read it.
 */
import { peakRssMb, Stopwatch, type Usage } from '../measure/stopwatch.ts';
import { programArguments, report } from '../measure/program.ts';
import { startProducer } from './producer.ts';

export interface ClientArguments {
  readonly endpoint: string;
  readonly topic: string;
  readonly lanes: readonly string[];
  readonly messages: number;
  readonly bodyBytes: number;
  /** Sends so many a second; as fast as it can when absent. */
  readonly perSecond?: number;
  /** What it takes is counted from then on. */
  readonly warmUpMs?: number;
}

export interface ClientResult extends Usage {
  readonly peakRssMb: number;
}

const { endpoint, topic, lanes, messages, bodyBytes, perSecond, warmUpMs } = programArguments<ClientArguments>();
const producer = await startProducer(endpoint, topic);
const EMPTY = Buffer.from('{"es":0000000000000,"ts":0000000000000,"data":[{}]}');
const TIMES = [EMPTY.indexOf('0'), EMPTY.lastIndexOf('0') - 12];
let stopwatch = new Stopwatch();
if (warmUpMs !== undefined) setTimeout(() => (stopwatch = new Stopwatch()), warmUpMs);
const startMs = performance.now();
let begun = 0;

/** The n-th message is due then. */
async function untilDue(n: number): Promise<void> {
  if (perSecond === undefined) return;
  const waitMs = startMs + (n / perSecond) * 1000 - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}

async function sendAll(messageGroup: string): Promise<void> {
  const body = Buffer.alloc(Math.max(bodyBytes, EMPTY.length), ' ');
  body.set(EMPTY);
  while (begun < messages) {
    const n = begun;
    begun += 1;
    await untilDue(n);
    const now = String(Date.now());
    for (const at of TIMES) body.write(now, at, 'latin1');
    await producer.send({ topic, tag: 'orders', messageGroup, body });
  }
}

await Promise.all(lanes.map(sendAll));
report({ ...stopwatch.read(), peakRssMb: peakRssMb() } satisfies ClientResult);
