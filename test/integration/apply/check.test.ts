/** What `apply --check` finds in a real target. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkTarget, type CheckedConfig } from '../../../src/apply/check/check-target.ts';
import type { TargetFinding } from '../../../src/apply/check/finding.ts';
import { openSession } from '../../../src/apply/target/session.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { rows, Writing } from '../../support/lane-messages.ts';
import { targetOf } from '../../support/round-trip/apply-sink.ts';
import { freshDatabase, sharedMysql, uniqueName, type FreshDatabase } from '../../support/servers.ts';

let target: FreshDatabase;
let user: string;

beforeEach(async () => {
  target = await freshDatabase({ prefix: 'target' });
  user = uniqueName('apply_');
  await target.connection.query(`CREATE USER ${user} IDENTIFIED BY 'secret'`);
});

afterEach(async () => {
  await target.connection.query(`DROP USER ${user}`);
  await target.drop();
});

/** `ledger`: of the test. */
async function check(config: Partial<CheckedConfig> = {}): Promise<readonly TargetFinding[]> {
  const settings = { ...targetOf(sharedMysql()), user, password: 'secret' };
  const session = await openSession(settings, systemClock, new AbortController().signal);
  try {
    return await checkTarget(session, {
      source: { namespace: '', topic: 'orders' } as CheckedConfig['source'],
      tables: { include: ['shop.*'], exclude: ['shop.own*'], rename: { shop: target.name } },
      create: false,
      deletes: 'apply',
      statements: 'stop',
      uniqueKeys: 'refuse',
      ledger: target.name,
      ...config,
    });
  } finally {
    session.destroy();
  }
}
const shown = (findings: readonly TargetFinding[], part?: string): readonly string[] =>
  findings
    .filter((each) => part === undefined || each.part === part)
    .map(({ level, message }) => `${level} ${message}`);
const grant = (privileges: string, on = target.name): Promise<unknown> =>
  target.connection.query(`GRANT ${privileges} ON ${on}.* TO ${user}`);

describe('the ledger', () => {
  it('is made, or is of a stream', async () => {
    await grant('ALL');
    expect(shown(await check(), 'ledger')).toEqual([expect.stringContaining('the first start makes it')]);
    await target.connection.query('CREATE TABLE orders (id INT PRIMARY KEY)');
    const writing = await Writing.begin(target.name);
    expect(shown(await check(), 'ledger')).toEqual([expect.stringContaining('nothing is written yet')]);
    await writing.write(rows({ sequence: 1 }, { types: { id: 'int' }, data: [[['id', '1']]] }));
    writing.end();
    expect(shown(await check(), 'ledger')).toEqual([expect.stringContaining('written of the stream s1, 1 lanes')]);
  });

  it('of an older version takes ALTER', async () => {
    await grant('SELECT, INSERT, UPDATE, DELETE, CREATE, TRIGGER');
    (await Writing.begin(target.name)).end();
    await target.connection.query('ALTER TABLE apply_statement DROP COLUMN names');
    const found = await check();
    expect(shown(found, 'ledger')[1]).toMatch(/^ok .*ALTER TABLE .*apply_statement.* ADD COLUMN names/);
    expect(shown(found, 'grants')).toEqual([expect.stringMatching(/^error .*lacks ALTER on/)]);
  });

  it('may not be readable', async () => {
    (await Writing.begin(target.name)).end();
    await grant('INSERT, UPDATE');
    const found = await check();
    expect(found[0]).toMatchObject({ part: 'ledger', level: 'error', code: 'TARGET_GRANT_MISSING' });
    expect(shown(found, 'grants')[0]).toMatch(/lacks SELECT, DELETE, CREATE on/);
  });
});

it('knows what an account has by a role, unless the role is not active', async () => {
  const role = uniqueName('role_');
  await target.connection.query(`CREATE ROLE ${role}; GRANT ${role} TO ${user}`);
  try {
    await target.connection.query(`GRANT ALL ON ${target.name}.* TO ${role}`);
    expect(shown(await check(), 'grants')).toEqual([
      expect.stringMatching(/^warning .* is not known/),
      expect.anything(),
    ]);
    await target.connection.query(`SET DEFAULT ROLE ${role} TO ${user}`);
    expect(shown(await check(), 'grants')).toEqual([expect.stringMatching(/^ok /)]);
  } finally {
    await target.connection.query(`DROP ROLE ${role}`);
  }
});

describe('tables', () => {
  beforeEach(() => grant('ALL'));

  it('that fit are counted', async () => {
    await target.connection.query(
      'CREATE TABLE a (id INT PRIMARY KEY, at TIMESTAMP DEFAULT NOW() ON UPDATE NOW()); CREATE TABLE b (a INT); ' +
        'CREATE TABLE c (a INT NOT NULL UNIQUE, b INT NOT NULL UNIQUE); CREATE VIEW v AS SELECT * FROM a; ' +
        'CREATE TABLE own (id INT PRIMARY KEY, u INT UNIQUE); CREATE TABLE d (id INT PRIMARY KEY, g INT AS (id) STORED)',
    );
    expect(shown(await check(), 'tables')).toEqual([expect.stringMatching(/^ok 4 may be written/)]);
  });

  it('that do not are named, some of each kind', async () => {
    const many = Array.from({ length: 12 }, (_, i) => `CREATE TABLE u${i} (id INT PRIMARY KEY, u INT UNIQUE)`).join(
      ';',
    );
    await target.connection.query(
      `${many}; CREATE TABLE f (id INT PRIMARY KEY, p INT, CONSTRAINT to_u1 FOREIGN KEY (p) REFERENCES u1 (id)); ` +
        'CREATE TABLE m (id INT PRIMARY KEY) ENGINE = MyISAM; CREATE TABLE n (a INT UNIQUE); ' +
        'CREATE TRIGGER t AFTER INSERT ON u1 FOR EACH ROW SET @x = 1',
    );
    const found = shown(await check(), 'tables');
    expect(found.filter((line) => line.includes('UNIQUE'))).toHaveLength(10);
    for (const text of [
      '3 more of this kind: unique key',
      'f: the foreign key to_u1',
      'm: its engine',
      'u1: the trigger t',
    ])
      expect(found.filter((line) => line.startsWith('error') && line.includes(text))).toHaveLength(1);
    expect(found).toHaveLength(14);
    const kept = shown(await check({ uniqueKeys: 'keep' }), 'tables');
    expect(kept.filter((line) => line.includes('UNIQUE'))).toEqual([expect.stringContaining('n: the UNIQUE key a')]);
  });

  it('need the column for the time of a delete', async () => {
    await target.connection.query(
      'CREATE TABLE good (id INT PRIMARY KEY, deleted_at TIMESTAMP NULL); CREATE TABLE bad (id INT PRIMARY KEY); ' +
        'CREATE TABLE keyless (id INT, deleted_at DATETIME)',
    );
    expect(shown(await check({ deletes: { column: 'deleted_at' } }), 'tables')).toEqual([
      expect.stringMatching(/^error .*\.bad: it has no column deleted_at/),
      expect.stringMatching(/^error .*\.keyless: it has no key/),
    ]);
  });

  it('in databases that only a pattern may mean raise no alarm', async () => {
    await target.connection.query('CREATE TABLE u (id INT PRIMARY KEY, u INT UNIQUE)');
    const found = await check({
      tables: { include: [`${target.name.slice(0, -1)}*.*`, 'gone.*'], exclude: [], rename: {} },
      ledger: 'ledger_none',
    });
    expect(shown(found, 'tables')).toEqual([
      expect.stringMatching(/^warning .*no database gone/),
      expect.stringMatching(/^warning .*u: the UNIQUE key u/),
    ]);
    expect(shown(found, 'grants').filter((line) => line.startsWith('error'))).toHaveLength(2);
  });
});
