import { Producer } from 'rocketmq-client-nodejs';

const REQUEST_TIMEOUT_MS = 30_000;

/** The named client as it comes, ready to send to `topic`. */
export async function startProducer(endpoint: string, topic: string): Promise<Producer> {
  const producer = new Producer({
    endpoints: endpoint,
    namespace: '',
    topics: [topic],
    maxAttempts: 1,
    requestTimeout: REQUEST_TIMEOUT_MS,
    logger: { info: ignore, warn: ignore, error: console.error },
  });
  await producer.startup();
  return producer;
}

const ignore = (): void => undefined;
