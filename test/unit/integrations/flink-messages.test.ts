/**
 * Messages of all kinds for the tests of integrations/flink, written by the relay’s own code. They are compared with
 * the file that those tests read, so that it cannot drift; to write it anew run this file with `--update`.
 */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { canalJson } from '../../../src/format/canal-json.ts';
import type { CopyMark } from '../../../src/format/format.ts';
import { announcedMark, announcedDdl, announcedProgress } from '../../../src/relay/lanes/announced.ts';
import { sealAnnounced, type SealedAnnounced } from '../../../src/relay/lanes/seal.ts';
import { EXACT } from '../../../src/relay/tables/publish-policy.ts';
import type { OutboundMessage } from '../../../src/sink/sink.ts';
import { fixtureEvents } from '../../support/binlog-fixture.ts';
import { TestFlow, type FlowOptions } from '../../support/flow.ts';

const FILE = '../../../integrations/flink/src/test/resources/messages.jsonl';
const AT_MS = 1795427500000;
const SERVER = '66add94e-e731-11f1-b77a-02fc00000001';

it('are those that the tests of the Flink connector read', async () => {
  const lines = [
    ...(await published('rows', 'shop.9.7')),
    ...(await published('values', 'values.9.7')),
    ...(await published('partial', 'noblob.9.7', { publish: { ...EXACT, partialRows: 'allow' } })),
    ...withoutRows().map((message) => line('without rows', message)),
  ];
  await expect(lines.map((text) => `${text}\n`).join('')).toMatchFileSnapshot(join(import.meta.dirname, FILE));
});

async function published(what: string, fixture: string, options: FlowOptions = {}): Promise<string[]> {
  const flow = new TestFlow({ lanes: 1, ...options });
  flow.read(fixtureEvents(fixture));
  await flow.drain();
  return flow.sent.map((message) => line(what, message));
}

/** A statement, where a copy begins and ends, and progress. */
function withoutRows(): OutboundMessage[] {
  const place = { source: SERVER, change: '15#ddl0', gtid: `${SERVER}:15`, position: 'binlog.000002:4184' };
  const names = [{ database: 'fxs', table: 'orders' }];
  const ddl = (type: 'ALTER' | 'CREATE' | 'TRUNCATE', sql: string): SealedAnnounced =>
    announcedDdl({ ...place, type, database: 'fxs', tables: names, sql, commitTimeMs: AT_MS }, canalJson);
  const mark: CopyMark = {
    copy: '1',
    what: 'begin',
    database: 'fxs',
    table: 'orders',
    sql: 'CREATE TABLE `orders` (`id` bigint unsigned NOT NULL, PRIMARY KEY (`id`))',
    rows: 0,
    replaces: false,
    source: 'copy/1/4',
    change: '12#0',
    position: place.position,
    gtidSet: `${SERVER}:1-15`,
    atMs: AT_MS,
  };
  const progress = { ...place, source: 'progress/4', change: '12#0', gtidSet: `${SERVER}:1-15`, asOfMs: AT_MS };
  const options = {
    format: canalJson,
    clock: { ...systemClock, now: () => AT_MS + 12 },
    stream: '0000abcd',
    epoch: 1,
    resume: 'start',
  };
  return [
    ddl('ALTER', 'ALTER TABLE fxs.orders ADD COLUMN extra INT FIRST'),
    ddl('CREATE', 'CREATE TABLE fxs.orders (id INT)'),
    ddl('TRUNCATE', 'TRUNCATE TABLE fxs.orders'),
    announcedMark(mark, canalJson),
    announcedMark({ ...mark, what: 'end', sql: '', rows: 4711, change: '13#0' }, canalJson),
    announcedProgress(progress, canalJson),
  ].map((announced, i) => sealAnnounced('lane-0', announced, i + 1, 1, options));
}

function line(what: string, { lane, tag, properties, body }: OutboundMessage): string {
  const packed = body.toString().replace(/"ts":\d+/, `"ts":${AT_MS + 12}`);
  return JSON.stringify({ what, lane, tag, properties: Object.fromEntries(properties), body: packed });
}
