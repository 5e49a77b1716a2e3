/** Publishing to a broker and a proxy with access control and TLS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { RocketmqServer } from '../../../dev/servers/servers.ts';
import { startRocketmq } from '../../../dev/servers/start.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { RelayError } from '../../../src/base/errors.ts';
import { createRocketmqSink, type RocketmqOptions, type RocketmqSink } from '../../../src/sink/rocketmq.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { message } from '../../support/sink/messages.ts';

const TOPIC = 'secured';
const OWNER = { accessKey: 'owner', accessSecret: 'secret-of-owner' };
const WRITER = { accessKey: 'writer', accessSecret: 'secret-of-writer' };
const READER = { accessKey: 'reader', accessSecret: 'secret-of-reader' };

let folder: string;
let rocketmq: RocketmqServer;
let sink: RocketmqSink | undefined;

const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secured-'));
  makeCertificates(folder);
  const secured = { ...OWNER, certificate: file('proxy.pem'), certificateKey: file('proxy.key') };
  rocketmq = await startRocketmq({ own: true, secured, progress: () => undefined });
  await rocketmq.createTopic(TOPIC, { queues: 8, fifo: true });
  await rocketmq.createUser(WRITER.accessKey, WRITER.accessSecret, [{ resource: `Topic:${TOPIC}`, action: 'Pub' }]);
  await rocketmq.createUser(READER.accessKey, READER.accessSecret, [{ resource: `Topic:${TOPIC}`, action: 'Sub' }]);
}, 300_000);

afterEach(() => sink?.close());
afterAll(async () => {
  await rocketmq.remove();
  rmSync(folder, { recursive: true });
});

function open(change: Partial<RocketmqOptions>): RocketmqSink {
  const endpoint = rocketmq.endpoint.replace('127.0.0.1', 'localhost');
  const tls = { enabled: true, ca: file('ca.pem') };
  sink = createRocketmqSink(
    { endpoint, topic: TOPIC, namespace: '', ...WRITER, tls, sendTimeoutMs: 5000, ...change },
    { clock: systemClock, logger: pino({ level: 'silent' }) },
  );
  return sink;
}

/** What opening and sending one message comes to. */
async function outcome(change: Partial<RocketmqOptions>): Promise<unknown> {
  const opened = open(change);
  return opened
    .open()
    .then(() => opened.send(message('lane-0', 1)))
    .catch((thrown: unknown) => thrown);
}

const REMEDIES = {
  SINK_UNAUTHORIZED: /Check sink\.accessKey and sink\.accessSecret.* -r Topic:secured -a Pub/,
  SINK_UNREACHABLE: /give sink\.tls\.ca the authority that signed it/,
};

it.each<[string, () => Partial<RocketmqOptions>, keyof typeof REMEDIES, RegExp]>([
  ['a wrong secret', () => ({ accessSecret: 'another' }), 'SINK_UNAUTHORIZED', /signature/],
  ['an unknown user', () => ({ accessKey: 'nobody' }), 'SINK_UNAUTHORIZED', /User:\*{3} is not found/],
  ['no credentials', () => ({ accessKey: undefined, accessSecret: undefined }), 'SINK_UNAUTHORIZED', /be null/],
  ['a user without Pub', () => READER, 'SINK_UNAUTHORIZED', /User:\*{3} has no permission/],
  [
    'another authority',
    () => ({ tls: { enabled: true, ca: file('other-ca.pem') } }),
    'SINK_UNREACHABLE',
    /certificate/,
  ],
])('%s is refused with the remedy', async (_what, change, code, says) => {
  expect(await outcome(change())).toMatchObject({
    code,
    message: expect.stringMatching(says) as string,
    remedy: expect.stringMatching(REMEDIES[code]) as string,
  });
});

it('publishes with Pub alone, and over TLS', async () => {
  expect(await outcome({})).toBeUndefined();
});

it('goes on by itself with a secret that was changed, once it stands in the file', async () => {
  writeFileSync(file('secret'), WRITER.accessSecret);
  expect(await outcome({ accessSecretFile: file('secret') })).toBeUndefined();
  await rocketmq.changeSecret(WRITER.accessKey, 'the-next-one');
  const codes = new Set<string>();
  const isTaken = async (): Promise<boolean> => {
    try {
      await sink?.send(message('lane-0', 2));
      return true;
    } catch (thrown) {
      if (thrown instanceof RelayError) codes.add(thrown.code);
      return false;
    }
  };
  // The broker may go on to take the old one for a while.
  await expect.poll(isTaken, { timeout: 90_000, interval: 200 }).toBe(false);
  writeFileSync(file('secret'), 'the-next-one');
  await expect.poll(isTaken, { timeout: 60_000, interval: 200 }).toBe(true);
  expect([...codes]).toEqual(['SINK_UNAUTHORIZED']);
});
