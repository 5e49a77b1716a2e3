/** The floor of sending: the named client alone, with bodies that are ready, one request in flight for each lane. */
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
}

export interface ClientResult extends Usage {
  readonly peakRssMb: number;
}

const { endpoint, topic, lanes, messages, bodyBytes, perSecond } = programArguments<ClientArguments>();
const producer = await startProducer(endpoint, topic);
const body = Buffer.alloc(bodyBytes, 'order ');
const stopwatch = new Stopwatch();
const startMs = performance.now();
let begun = 0;

/** The n-th message is due then. */
async function untilDue(n: number): Promise<void> {
  if (perSecond === undefined) return;
  const waitMs = startMs + (n / perSecond) * 1000 - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}

async function sendAll(messageGroup: string): Promise<void> {
  while (begun < messages) {
    const n = begun;
    begun += 1;
    await untilDue(n);
    await producer.send({ topic, tag: 'orders', messageGroup, body });
  }
}

await Promise.all(lanes.map(sendAll));
report({ ...stopwatch.read(), peakRssMb: peakRssMb() } satisfies ClientResult);
