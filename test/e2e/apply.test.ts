/** `apply` as its operators run it: real MySQL, relay, RocketMQ and target. */
import { afterEach, expect, it } from 'vitest';
import { isReading } from '../../dev/apply-process.ts';
import { createShop } from '../../dev/shop.ts';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { mulberry32 } from '../../dev/mulberry32.ts';
import { sharedMysql } from '../support/servers.ts';
import { program } from '../support/program.ts';
import { ShopLoad } from '../support/shop-load.ts';
import { holdsGtids, newestGtids } from '../support/gtids.ts';
import { AppliedShop, type AppliedShopOptions } from '../support/applied-shop.ts';

let shop: AppliedShop | undefined;
let load: ShopLoad | undefined;
let ownTarget: MysqlServer | undefined;

async function open(options?: AppliedShopOptions): Promise<AppliedShop> {
  shop = await AppliedShop.create(options);
  return shop;
}

/** A target that a test may kill and set otherwise. */
async function startOwnTarget(): Promise<MysqlServer> {
  ownTarget = await startMysql({ version: '9.7', own: true, progress: () => undefined });
  return ownTarget;
}

afterEach(async () => {
  try {
    await load?.stop();
    await shop?.remove();
  } finally {
    await ownTarget?.remove();
    shop = undefined;
    load = undefined;
    ownTarget = undefined;
  }
});

it(
  'makes the tables of an empty target, and holds the same rows after a copy beside a stream',
  { timeout: 300_000 },
  async () => {
    const made = await open({ relay: { source: { start: 'copy' } }, apply: { create: true } });
    await createShop(made.source, made.sourceDatabase);
    await made.source.query(
      'CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL); ' +
        'CREATE TABLE `o``dd "tä.ble|%` (`1` INT PRIMARY KEY, `__proto__` VARCHAR(9) UNIQUE, `a "b\\``` TEXT, g INT AS (`1` * 2) STORED); ' +
        'CREATE TABLE child (id INT PRIMARY KEY, parent INT, CHECK (id > 0), FOREIGN KEY (parent) REFERENCES `o``dd "tä.ble|%` (`1`) ON DELETE CASCADE); ' +
        "INSERT INTO `o``dd \"tä.ble|%` (`1`, `__proto__`, `a \"b\\```) VALUES (1, 'x', 'é😀'), (2, NULL, '\\\\'), (3, 'z', NULL); " +
        'INSERT INTO child VALUES (1, 1), (2, 3)',
    );
    await made.source.query(
      "INSERT INTO visits SELECT NOW(6), CONCAT('/', seq) FROM (WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 800) SELECT seq FROM n) s",
    );
    await made.startRelay();
    await made.startApply();
    load = new ShopLoad(sharedMysql(), made.sourceDatabase, 60, 1);
    await made.relay.until('copied', ({ copies }) => copies.every(({ endedAt }) => endedAt !== undefined), 120_000);
    await made.source.query(
      "UPDATE `o``dd \"tä.ble|%` SET `1` = 10, `__proto__` = 'y' WHERE `1` = 2; DELETE FROM child WHERE id = 2",
    );
    await load.stop();
    expect(await made.untilEqual()).toBeGreaterThan(500);
    const health = await made.apply.until('idle', ({ blocked }) => blocked.length === 0);
    expect(health).toMatchObject({ healthy: true, reasons: [] });
    expect(isReading(health)).toBe(true);
    expect(health.lanes.every(({ sequence, gtid }) => sequence > 0 && typeof gtid === 'string')).toBe(true);
    expect((await made.apply.stop()).code).toBe(0);
  },
);

it(
  'writes tables without a key, and a count, exactly once, however often it is killed',
  { timeout: 300_000 },
  async () => {
    const killed = await open();
    await createShop(killed.source, killed.sourceDatabase);
    await createShop(killed.target, killed.targetDatabase);
    await killed.both(
      'CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL); CREATE TABLE marks (at DATETIME(6), page VARCHAR(9), n INT)',
    );
    await killed.startRelay();
    load = new ShopLoad(sharedMysql(), killed.sourceDatabase, 100, 1);
    const random = mulberry32(7);
    for (let i = 0; i < 12; i += 1) {
      await killed.startApply();
      for (let n = 0; n < 10; n += 1) {
        await killed.source.query(
          `INSERT INTO marks VALUES (NOW(6), '/${i}', ${n}), ('2026-01-01', '/same', 1), ('2026-01-01', '/same', 1); ` +
            "UPDATE marks SET n = n + 1 WHERE page = '/same' LIMIT 3; DELETE FROM marks WHERE page = '/same' LIMIT 1",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 600 + (random() % 1500)));
      await killed.apply.kill9();
      // The relay publishes again what its checkpoint does not have yet: the same changes, in other messages.
      if (i % 4 === 3) {
        await killed.relay.kill9();
        await killed.startRelay();
      }
    }
    await load.stop();
    await killed.startApply();
    expect(await killed.untilEqual()).toBeGreaterThan(100);
    const [rows] = await killed.targetRows(`SELECT SUM(sequence) AS n FROM ${killed.ledger}.apply_lane`);
    expect(Number(rows?.['n'])).toBeGreaterThan(0);
  },
);

it.each(['table', 'total'])('follows keys that change, with ordering %s', async (ordering) => {
  const swapped = await open({ relay: { ordering } });
  await swapped.both('CREATE TABLE places (a INT, b VARCHAR(9), v INT, PRIMARY KEY (a, b))');
  await swapped.startRelay();
  await swapped.startApply();
  await swapped.source.query(
    "INSERT INTO places VALUES (1, 'x', 1), (2, 'x', 2), (3, 'x', 3); UPDATE places SET a = a + 1 ORDER BY a DESC; " +
      "UPDATE places SET a = 99 WHERE a = 2; UPDATE places SET a = 2 WHERE a = 3; UPDATE places SET a = 3, b = 'X' WHERE a = 99",
  );
  expect(await swapped.untilEqual()).toBe(3);
});

it('marks rows that are deleted, and keeps them, however often it is killed', { timeout: 240_000 }, async () => {
  const marked = await open({
    relay: { ordering: 'table', source: { start: 'copy' } },
    apply: { create: true, deletes: { column: 'deleted_at' } },
  });
  await marked.source.query('CREATE TABLE places (id INT PRIMARY KEY, v INT); INSERT INTO places VALUES (0, 0)');
  await marked.startRelay();
  await marked.startApply();
  const untilThere = (id: number): Promise<void> =>
    expect
      .poll(() => marked.targetRows(`SELECT id FROM places WHERE id = ${id}`).catch(() => []), { timeout: 60_000 })
      .toHaveLength(1);
  await untilThere(0);
  for (let n = 1; n <= 24; n += 1) {
    await marked.source.query(
      `INSERT INTO places VALUES (${n}, 1), (${100 + n}, 1); DELETE FROM places WHERE id IN (${n}, 0); ` +
        `UPDATE places SET id = ${200 + n} WHERE id = ${100 + n}` +
        (n % 2 === 0 ? `; INSERT INTO places VALUES (${n}, 2)` : ''),
    );
    if (n % 8 !== 0) continue;
    await marked.apply.kill9();
    await marked.startApply();
  }
  await marked.source.query('INSERT INTO places VALUES (999, 1)');
  await marked.untilPublished();
  await untilThere(999);
  const [source] = await marked.source.query('SELECT id, v FROM places ORDER BY id');
  expect(await marked.targetRows('SELECT id, v FROM places WHERE deleted_at IS NULL ORDER BY id')).toEqual(source);
  // The row of the start, each odd one, and the old key of each that moved.
  const ago = 'deleted_at BETWEEN UTC_TIMESTAMP(3) - INTERVAL 10 MINUTE AND UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE';
  expect(await marked.targetRows(`SELECT COUNT(*) AS n FROM places WHERE ${ago}`)).toEqual([{ n: 1 + 12 + 24 }]);
});

it('goes on alone when the target was killed in the middle, with nothing half done', { timeout: 240_000 }, async () => {
  const server = await startOwnTarget();
  const restarted = await open({ target: server });
  await restarted.both('CREATE TABLE counts (id INT PRIMARY KEY, n INT); CREATE TABLE steps (n INT)');
  await restarted.startRelay();
  await restarted.startApply();
  await restarted.source.query('INSERT INTO counts VALUES (1, 0)');
  await restarted.untilEqual();
  const step = async (n: number): Promise<void> => {
    await restarted.source.query(
      `UPDATE counts SET n = ${n}; INSERT INTO steps VALUES (${n}); DELETE FROM steps WHERE n = ${n - 5}`,
    );
  };
  for (let n = 1; n < 40; n += 1) await step(n);
  await server.kill9();
  for (let n = 40; n < 80; n += 1) await step(n);
  await restarted.apply.until('blocked', ({ healthy, parts }) => !healthy && !parts.target.ok);
  await server.start();
  await restarted.connectTarget();
  expect(await restarted.untilEqual()).toBe(6);
  expect((await restarted.apply.stop()).code).toBe(0);
});

it(
  'says that its target is away while nothing is to be written, and when it is back',
  { timeout: 200_000 },
  async () => {
    const server = await startOwnTarget();
    const idle = await open({ target: server });
    await idle.both('CREATE TABLE notes (id INT PRIMARY KEY)');
    await idle.startRelay();
    await idle.startApply();
    await idle.source.query('INSERT INTO notes VALUES (1)');
    await idle.untilEqual();
    await server.kill9();
    const { reason, remedy } = await idle.apply.until(
      'away',
      ({ state, healthy, parts }) => state === 'blocked' && !healthy && !parts.target.ok,
    );
    expect(reason).toContain('the target: ');
    expect(remedy).toContain('target.host');
    await server.start();
    await idle.connectTarget();
    await idle.apply.until('back', ({ healthy, state }) => healthy && state === 'live');
  },
);

it('goes on alone as soon as the target is set as it was told to, and refuses a ledger that has gone', async () => {
  const server = await startOwnTarget();
  const mended = await open({ target: server });
  await mended.both('CREATE TABLE notes (id INT PRIMARY KEY, note TEXT)');
  await mended.startRelay();
  await mended.startApply();
  await mended.source.query("INSERT INTO notes VALUES (1, 'a')");
  await mended.untilEqual();
  await mended.target.query('SET GLOBAL read_only = ON');
  await mended.source.query("INSERT INTO notes VALUES (2, 'b')");
  const { state, remedy } = await mended.apply.until(
    'read-only',
    ({ blocked }) => blocked[0]?.code === 'TARGET_READ_ONLY',
  );
  expect(state).toBe('blocked');
  expect(remedy).toContain('SET GLOBAL read_only = OFF');
  await mended.target.query('SET GLOBAL read_only = OFF');
  await mended.untilEqual();
  await mended.target.query(`DROP TABLE ${mended.ledger}.apply_lane`);
  await mended.source.query("INSERT INTO notes VALUES (6, 'f'); DELETE FROM notes WHERE id = 1");
  expect(await mended.apply.exited).toMatchObject({ code: 1 });
  expect(await mended.apply.log()).toContain('"code":"LEDGER_UNUSABLE"');
  await mended.target.query(`DROP DATABASE ${mended.ledger}; DELETE FROM notes`);
  await mended.startApply(['--from-here']);
  const copy = ['copy', `${mended.sourceDatabase}.*`, '--url', (await mended.relay.address()) ?? ''];
  expect((await program(copy)).code).toBe(0);
  expect(await mended.untilEqual()).toBe(2);
}, 240_000);

it(
  'says up to where all lanes are written, and then holds what the source had there',
  { timeout: 240_000 },
  async () => {
    const said = await open({ relay: { publish: { progress: '3s' } } });
    await createShop(said.source, said.sourceDatabase);
    await createShop(said.target, said.targetDatabase);
    await said.startRelay();
    await said.startApply();
    expect((await said.apply.until('begun', isReading)).complete).toBeNull();
    load = new ShopLoad(sharedMysql(), said.sourceDatabase, 60, 1);
    const first = await said.apply.until('complete', ({ complete }) => complete !== null);
    await said.apply.until('more', ({ complete }) => (complete?.asOf ?? '') > (first.complete?.asOf ?? ''));
    // In a later run of the relay all lanes have to say it again.
    await said.relay.kill9();
    await said.startRelay();
    await said.apply.until('unknown', ({ complete }) => complete === null, 60_000, 50);
    await said.apply.until('complete again', ({ complete }) => complete !== null);
    await load.stop();
    const last = await newestGtids(said.source);
    await said.apply.until('all', ({ complete }) => holdsGtids(complete?.gtidSet ?? '', last));
    expect(await said.differences()).toEqual({ lacking: [], surplus: [] });
  },
);

it('stops at a statement when all lanes have come to it, and goes on when it was run by hand', async () => {
  const altered = await open({ relay: { ddl: 'inline' } });
  await altered.both('CREATE TABLE places (id INT PRIMARY KEY)');
  await altered.startRelay();
  await altered.startApply();
  await altered.source.query(
    'INSERT INTO places VALUES (1), (2), (3); ALTER TABLE places ADD COLUMN v INT; INSERT INTO places VALUES (4, 4)',
  );
  expect(await altered.apply.exited).toMatchObject({ code: 1 });
  const log = await altered.apply.log();
  expect(log).toContain('STATEMENT_MET');
  const id = /--statement-done '([^']+)'/.exec(log)?.[1] ?? '';
  expect((await altered.targetRows('SELECT id FROM places')).length).toBe(3);
  await altered.target.query('ALTER TABLE places ADD COLUMN v INT');
  await altered.startApply(['--statement-done', id]);
  expect(await altered.untilEqual()).toBe(4);
});

it(
  'runs statements by itself, in their order between the rows, though it is killed',
  { timeout: 240_000 },
  async () => {
    const altered = await open({ relay: { ddl: 'inline' }, apply: { statements: 'run' } });
    await altered.both('CREATE TABLE places (id INT PRIMARY KEY)');
    await altered.startRelay();
    await altered.startApply();
    for (let n = 0; n < 12; n += 1) {
      const values = (from: number): string => [0, 1, 2, 3].map((i) => `(${from + i})`).join();
      await altered.source.query(
        `INSERT INTO places (id) VALUES ${values(100 * n)}; ALTER TABLE places ADD COLUMN v${n} INT DEFAULT ${n}; ` +
          `UPDATE places SET v${n} = 7 WHERE id = ${100 * n}; ALTER TABLE places ADD INDEX i${n} (v${n})` +
          (n % 4 === 3
            ? `; TRUNCATE places; ALTER TABLE places DROP COLUMN v${n - 3}; INSERT INTO places (id) VALUES ${values(100 * n + 50)}`
            : ''),
      );
      if (n % 3 === 2) {
        await altered.apply.kill9();
        await altered.startApply();
      }
    }
    await altered.source.query(
      'CREATE TABLE later (id INT PRIMARY KEY, n INT UNIQUE, CHECK (n > 0)); INSERT INTO later VALUES (1, 1), (2, 2)',
    );
    expect(await altered.untilEqual()).toBe(6);
    expect((await altered.apply.stop()).code).toBe(0);
  },
);

it.each<[string, Readonly<Record<string, unknown>>, number, readonly string[]]>([
  [
    'a target that is away',
    { target: { host: '127.0.0.1', port: 1, user: 'x' } },
    1,
    ['error   target        TARGET_UNREACHABLE'],
  ],
  ['an unknown key', { statement: 'run' }, 78, ['apply.yaml:', 'unknown key', 'did you mean statements?']],
  ['what it cannot do with statements', { statements: 'go' }, 78, ['statements', 'is not one of stop, run, ignore']],
])('--check names %s', async (_, sections, code, texts) => {
  const checked = await open();
  const outcome = await checked.check(sections);
  for (const text of texts) expect(`${outcome.stdout}${outcome.stderr}`).toContain(text);
  expect(outcome.code).toBe(code);
});

it('--check is content with what is right', async () => {
  const made = await open();
  await made.target.query('CREATE TABLE places (id INT PRIMARY KEY, name VARCHAR(9))');
  const outcome = await made.check({});
  expect(outcome.stdout.split('\n').map((line) => line.slice(0, 22).trim())).toEqual(
    ['configuration', 'topic', 'target', 'ledger', 'grants', 'tables', ''].map((part) => part && `ok      ${part}`),
  );
  expect(outcome.stdout).toMatch(
    /ordered\n.*mysql 9\.7.*\n.*the first start makes it\n.*has what it needs\n.*1 may be/,
  );
  expect(outcome.code).toBe(0);
});

it('--check names what a run would stop at', async () => {
  const checked = await open();
  await checked.target.query(
    'CREATE TABLE places (id INT PRIMARY KEY, name VARCHAR(9), UNIQUE u (name)); CREATE TABLE notes (id INT PRIMARY KEY) ENGINE = MyISAM',
  );
  const outcome = await checked.check({ statements: 'run' });
  expect(outcome.stdout).toContain(`lacks ALTER, DROP, INDEX on ${checked.targetDatabase}`);
  expect(outcome.stdout).toContain(`-> GRANT ALTER, DROP, INDEX ON \`${checked.targetDatabase}\`.* TO`);
  expect(outcome.stdout).toMatch(/error {3}tables {8}TARGET_TABLE_UNFIT: .*notes: its engine is MyISAM/);
  expect(outcome.stdout).toMatch(/error {3}tables {8}TARGET_TABLE_UNFIT: .*places: the UNIQUE key u/);
  expect(outcome.code).toBe(78);
});
