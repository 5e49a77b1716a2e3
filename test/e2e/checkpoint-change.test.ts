/** `checkpoint export`, `import` and `set`, by the program: src/cli/checkpoint-change.ts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts';
import { expectRefusal, Place, program, type Message, type Outcome, type Program } from '../support/program.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../support/servers.ts';

const MYSQL = sharedMysql();
let db: FreshDatabase;
let kept: FreshDatabase;

beforeAll(async () => {
  db = await freshDatabase({ prefix: 'moved' });
  kept = await freshDatabase({ prefix: 'kept' });
  await db.connection.query('CREATE TABLE t (id INT PRIMARY KEY)');
});
afterAll(() => Promise.all([db.drop(), kept.drop()]));

const ids = (messages: readonly Message[]): readonly number[] =>
  messages.flatMap(({ data }) => data.map((row) => Number(row['id'])));
const insert = (id: number): Promise<unknown> => db.connection.query('INSERT INTO t VALUES (?)', [id]);
async function publish(relay: Program, id: number): Promise<void> {
  await insert(id);
  await relay.until(() => ids(relay.messages()).includes(id));
}
const checkpoint = (place: Place, ...words: readonly string[]): Promise<Outcome> =>
  program(['checkpoint', ...words, '--config', place.config]);
const stored = async (place: Place): Promise<Checkpoint> =>
  JSON.parse((await checkpoint(place, 'show')).stdout) as Checkpoint;

it('carries a checkpoint from a folder into a table, where the relay goes on, above every epoch before', async () => {
  const place = await Place.create(MYSQL, `${db.name}.*`);
  await place.session((relay) => publish(relay, 1));
  const file = join(place.folder, 'exported.json');
  expect(await checkpoint(place, 'export', file)).toMatchObject({ code: 0 });
  expectRefusal(await checkpoint(place, 'export', file), 78, 'USAGE', ['cannot be written']);
  const before = await stored(place);

  const { host, port, user, password } = MYSQL;
  const inTable = { type: 'mysql', host, port, user, password, database: kept.name, name: 'moved' };
  await place.configure({ checkpoint: inTable });
  await insert(2);
  const imported = await checkpoint(place, 'import', file);
  expect(imported.code, imported.stderr).toBe(0);
  expect(imported.stderr).toContain('"before":null');
  expect(await stored(place)).toMatchObject({ stream: before.stream, epoch: before.epoch + 1, offset: before.offset });
  const messages = await place.session((relay) => relay.until(() => ids(relay.messages()).includes(2)));
  expect(ids(messages)).toEqual([2]);
  expect(await stored(place)).toMatchObject({ stream: before.stream, epoch: before.epoch + 2 });

  // A second time it goes back, and is published again; the old place is in the log.
  const again = await checkpoint(place, 'import', file);
  expect(again.stderr).toContain(`"epoch":${before.epoch + 2}`);
  expect(ids(await place.session((relay) => relay.until(() => ids(relay.messages()).includes(2))))).toEqual([2]);
});

it('refuses a file that is edited, one of another stream, and a place whose relay is running', async () => {
  const place = await Place.create(MYSQL, `${db.name}.*`);
  const other = await Place.create(MYSQL, `${db.name}.*`);
  await place.session(() => Promise.resolve());
  await other.session(() => Promise.resolve());
  const file = join(place.folder, 'exported.json');
  await checkpoint(place, 'export', file);
  expectRefusal(await checkpoint(other, 'import', file), 78, 'CHECKPOINT_FOREIGN', [
    'of stream',
    'Nothing was changed',
  ]);
  const edited = join(place.folder, 'edited.json');
  await writeFile(edited, JSON.stringify(await stored(place)));
  expectRefusal(await checkpoint(place, 'import', edited), 1, 'CHECKPOINT_DAMAGED', [edited]);
  await place.session(async () => {
    expectRefusal(await checkpoint(place, 'import', file, '--force'), 1, 'SOURCE_LOCKED', []);
    expectRefusal(await checkpoint(place, 'set', '--file', 'binlog.000001', '--position', '4'), 1, 'SOURCE_LOCKED', []);
  });
});

it('moves a checkpoint to a place that the server has, and to another one only by force', async () => {
  const place = await Place.create(MYSQL, `${db.name}.*`);
  expectRefusal(await checkpoint(place, 'set', '--gtid-set', ''), 78, 'USAGE', ['the place to set gtidSet']);
  expectRefusal(await checkpoint(place, 'set'), 78, 'USAGE', ['gtidSet alone, or file and position']);
  const [[row]] = await db.connection.query<RowDataPacket[]>('SELECT @@gtid_executed AS gtids, @@server_uuid AS uuid');
  const gtids = String(row?.['gtids']).replaceAll('\n', '');
  expectRefusal(await checkpoint(place, 'set', '--gtid-set', gtids), 1, 'CHECKPOINT_MISSING', ['source.start']);
  await place.session((relay) => publish(relay, 11));

  const before = await stored(place);
  const moved = await checkpoint(place, 'set', '--gtid-set', gtids);
  expect(moved.code, moved.stderr).toBe(0);
  expect(moved.stderr).toContain(`"offset":${before.offset}`);
  expect(await stored(place)).toMatchObject({ stream: before.stream, epoch: before.epoch + 1, gtidSet: gtids });
  expect(ids(await place.session((relay) => relay.until(() => ids(relay.messages()).includes(11))))).toContain(11);

  const future = `${String(row?.['uuid'])}:1-999999999`;
  const here = await stored(place);
  expectRefusal(await checkpoint(place, 'set', '--gtid-set', future), 1, 'SOURCE_ROLLED_BACK', [
    'nothing was changed',
    '--force',
  ]);
  expect(await stored(place)).toEqual(here);
  expectRefusal(
    await checkpoint(place, 'set', '--file', 'binlog.999999', '--position', '4'),
    78,
    'SOURCE_POSITION_INVALID',
    ['nothing was changed'],
  );
  expect((await checkpoint(place, 'set', '--gtid-set', future, '--force')).code).toBe(0);
  expectRefusal(await place.run().outcome(), 1, 'SOURCE_ROLLED_BACK', []);
  // And back, by hand, to what the log has told.
  const { file, offset } = here;
  const back = ['set', '--file', file, '--position', String(offset)];
  expectRefusal(await checkpoint(place, ...back), 1, 'SOURCE_ROLLED_BACK', ['was seen at', '--force']);
  const forced = await checkpoint(place, ...back, '--force');
  expect(forced.code, forced.stderr).toBe(0);
  expect(ids(await place.session((relay) => publish(relay, 12)))).toContain(12);
});
