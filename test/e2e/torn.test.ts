/**
 * A broker that was killed delivers what it has of the message that it was storing, and then the message: the copy of
 * apply and the files of the lake are what they would be, and nobody has to do anything.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createShop } from '../../dev/shop.ts';
import type { RocketmqServer } from '../../dev/servers/servers.ts';
import { startRocketmq } from '../../dev/servers/start.ts';
import { AppliedShop } from '../support/applied-shop.ts';
import { storedMessages, tear, type StoredMessage } from '../support/commit-log.ts';
import { lake, LAKE_PROJECT, lakePython, PythonProcess, whyNoPython } from '../support/lander.ts';

const ORDERS = 200;
const CUTS = 12;
const TORN = 'the broker has a part of this message only';

let rocketmq: RocketmqServer | undefined;
let shop: AppliedShop | undefined;
let folder: string | undefined;

afterEach(async () => {
  await shop?.remove();
  await rocketmq?.remove();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

it('torn messages are dropped by apply and by the lake, and nothing is missing', { timeout: 300_000 }, async () => {
  // As RocketMQ comes: it checks the body alone.
  const broker = { enabledAppendPropCRC: false, forceVerifyPropCRC: false };
  rocketmq = await startRocketmq({ own: true, progress: () => undefined, broker });
  // Rounds are far enough from each other for a message of rows to be the last of a queue.
  shop = await AppliedShop.create({ rocketmq, relay: { publish: { progress: '10s' } } });
  await createShop(shop.source, shop.sourceDatabase);
  await createShop(shop.target, shop.targetDatabase);
  await shop.startRelay();
  await shop.startApply();
  await order(shop, 0);
  await shop.untilEqual();
  await shop.apply.stop();

  await tearLast(rocketmq, shop);
  await shop.startApply();
  await order(shop, 2 * ORDERS);
  expect(await shop.untilEqual()).toBe(3 * ORDERS);
  const health = await shop.apply.until('done', ({ counters }) => counters.torn >= CUTS);
  expect(health).toMatchObject({ healthy: true, blocked: [], counters: { torn: CUTS } });
  expect((await shop.apply.log()).split(TORN)).toHaveLength(CUTS + 1);
  const verified = await (await shop.verify()).outcome(200_000);
  expect(verified.code, verified.stderr).toBe(0);

  if ((await whyNoPython()) === undefined) await expectLanded(shop, rocketmq);
});

/** Orders, each in a transaction of its own, from one number on. */
async function order({ source }: AppliedShop, first: number): Promise<void> {
  for (let n = first; n < first + ORDERS; n += 1) {
    await source.query('INSERT INTO orders (order_no, user_id, amount) VALUES (?, ?, ?)', [`T-${n}`, n, '9.90']);
  }
}

/** Publishes orders, kills the broker, tears the last message of a queue, and starts it again. */
async function tearLast(of: RocketmqServer, torn: AppliedShop): Promise<void> {
  await order(torn, ORDERS);
  await torn.untilPublished();
  await of.kill9();
  const newest = new Map<number, StoredMessage>();
  for (const message of await storedMessages(of)) {
    if (message.topic === torn.topic.topic) newest.set(message.queue, message);
  }
  const last = [...newest.values()].find(({ bytes }) => bytes.includes('"type":"INSERT"'));
  if (last === undefined) throw new Error('no queue ends with rows');
  const length = last.bytes.length - last.propertiesAt;
  await tear(
    of,
    last,
    Array.from({ length: CUTS }, (_, i) => Math.floor((i * (length - 1)) / (CUTS - 1))),
  );
  await of.start();
}

async function expectLanded({ topic, relay }: AppliedShop, of: RocketmqServer): Promise<void> {
  await of.createGroup('binlog-relay-lake', { ordered: false });
  // Its progress messages would have no end.
  await relay.stop();
  folder = await mkdtemp(join(tmpdir(), 'binlog-relay-torn-'));
  const python = await lakePython();
  const target = `file://${folder}/landed`;
  const config = { source: { nameServer: of.namesrv, topic: topic.topic }, target };
  const landed = await (await lake(python, folder, config, ['land', '--until', 'latest'])).ended;
  expect(landed.code, landed.stderr).toBe(0);
  expect(landed.stderr.split(TORN)).toHaveLength(CUTS + 1);
  const program = join(LAKE_PROJECT, 'tests', 'e2e', 'print_landed.py');
  const printed = await new PythonProcess(python, [program, target]).ended;
  expect(printed.code, printed.stderr).toBe(0);
  const ids = printed.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as readonly string[])[3]);
  expect([ids.length, new Set(ids).size]).toEqual([3 * ORDERS, 3 * ORDERS]);
}
