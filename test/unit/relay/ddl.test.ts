/** src/relay/intake/ddl-policy.ts, in a whole run. */
import { describe, expect, it } from 'vitest';
import { tableFilter } from '../../../src/change/table-filter.ts';
import { fixtureEvents } from '../../support/binlog-fixture.ts';
import { RelayRun } from '../../support/relay-ends.ts';

const events = fixtureEvents('shop.9.7');
const only = (...include: string[]): { filter: ReturnType<typeof tableFilter> } => ({
  filter: tableFilter({ include, exclude: [], excludeColumns: [] }),
});

const SERVER = '66add94e-e731-11f1-b77a-02fc00000001';
const skipOf = (number: number): string => `${SERVER}:${number}`;

async function runOver(options: ConstructorParameters<typeof RelayRun>[0]): Promise<RelayRun> {
  const run = new RelayRun(options);
  await run.start();
  await run.read(events);
  return run;
}

const subjects = (run: RelayRun): string[] =>
  run.relay
    .status()
    .notices.map(({ subject, first, last, count }) => `${subject} ${first.what} … ${last.what} ${count}`);

describe('ddl: warn', () => {
  it('notes each published table whose copies differ, until it is acknowledged', async () => {
    const run = await runOver(only('fxs.orders', 'fxs.items'));
    expect(subjects(run)).toEqual(['fxs.* DROP DATABASE … DROP DATABASE 2', 'fxs.orders ALTER TABLE … ALTER TABLE 1']);
    expect(run.log.filter((line) => line.includes('their copies differ'))).toHaveLength(3);
    // CREATE TABLE, CREATE DATABASE
    expect(run.log.filter((line) => line.includes('leaves the rows of published tables'))).toHaveLength(3);
    expect(run.relay.acknowledge(['99'])).toEqual([]);
    const [first] = run.relay.status().notices;
    expect(run.relay.acknowledge([first?.id ?? ''])).toEqual([first]);
    expect(subjects(run)).toEqual(['fxs.orders ALTER TABLE … ALTER TABLE 1']);
    await run.stop();
    expect(run.sink.taken.every(({ tag }) => tag !== 'ddl')).toBe(true);
  });

  it('passes what concerns no published table', async () => {
    const run = await runOver(only('other.*'));
    expect(subjects(run)).toEqual([]);
    expect(run.relay.status().counters.ddlStatements).toBe(8);
    await run.stop();
  });

  it('forgets nothing at a restart, and nothing that was acknowledged comes back', async () => {
    const run = await runOver(only('fxs.*'));
    run.relay.acknowledge([run.relay.status().notices[0]?.id ?? '']);
    // Stored at once, not at the end of the interval.
    await run.clock.advance(1);
    expect(run.store.last?.notices?.list).toHaveLength(1);
    await run.stop();
    const next = new RelayRun({ ...only('fxs.*'), store: run.store });
    await next.start();
    expect(subjects(next)).toEqual(['fxs.orders ALTER TABLE … ALTER TABLE 1']);
    next.relay.acknowledge('all');
    await next.stop();
    expect(run.store.last?.notices).toMatchObject({ list: [] });
  });
});

describe('ddl: stop', () => {
  it('publishes everything before the statement, and stores the checkpoint before it', async () => {
    const run = await runOver({ ...only('fxs.orders'), ddl: 'stop' });
    await run.end();
    // The file begins with DROP DATABASE.
    expect(run.outcome).toMatchObject({
      code: 'DDL_STOPPED',
      message: expect.stringMatching(
        /^at \S+:\d+, transaction \S+:1: DROP DATABASE changes fxs\.\* without row events/,
      ) as unknown,
      remedy: expect.stringMatching(/To pass it: binlog-relay run --skip [0-9a-f-]{36}:1$/) as unknown,
    });
    expect(run.store.last?.gtidSet).toBe('');
  });

  it('goes on after what is skipped, and stops at the next one', async () => {
    const run = await runOver({ ...only('fxs.orders'), ddl: 'stop', skip: skipOf(1) });
    await run.end();
    expect(run.relay.status()).toMatchObject({
      skip: { transaction: skipOf(1), state: 'passed' },
      counters: { transactionsSkipped: 1 },
      notices: [{ about: 'skipped', subject: skipOf(1), first: { what: '--skip' } }],
    });
    expect(run.outcome).toMatchObject({
      code: 'DDL_STOPPED',
      message: expect.stringContaining('ALTER TABLE changes fxs.orders') as unknown,
    });
    expect(run.sink.changes().length).toBeGreaterThan(5);
    expect(run.store.last?.gtidSet).toMatch(/:1-14$/);
    expect(run.store.last?.notices?.list).toHaveLength(1);
  });
});

describe('ddl: inline', () => {
  it('publishes a statement in the form of Canal', async () => {
    const run = await runOver({ ...only('fxs.orders'), ddl: 'publish', lanes: 1 });
    await run.stop();
    const messages = run.sink.taken.filter(({ tag }) => tag === 'ddl');
    const alter = messages.find(({ properties }) => properties.get('kind') === 'ALTER');
    const body = JSON.parse(alter?.body.toString() ?? '{}') as Record<string, unknown>;
    expect(body).toEqual({
      type: 'ALTER',
      database: 'fxs',
      table: 'orders',
      pkNames: null,
      isDdl: true,
      sql: 'ALTER TABLE fxs.orders ADD COLUMN extra INT FIRST',
      mysqlType: null,
      sqlType: null,
      source: SERVER,
      data: null,
      old: null,
      changes: ['15#ddl0'],
      tables: [['fxs', 'orders']],
      gtid: `${SERVER}:15`,
      position: expect.stringMatching(/^\S+\.\d{6}:\d+$/) as unknown,
      es: expect.any(Number) as unknown,
      ts: expect.any(Number) as unknown,
      id: Number(alter?.properties.get('sequence')),
    });
    expect(Object.fromEntries(alter?.properties ?? [])).toMatchObject({
      schema: 'fxs',
      table: 'orders',
      rows: '0',
      first: `${SERVER}:15#ddl0`,
      lanes: '1',
    });
    expect(messages.map(({ properties }) => properties.get('kind'))).toEqual([
      'QUERY',
      'QUERY',
      'CREATE',
      'ALTER',
      'QUERY',
    ]);
    expect(run.relay.status().notices).toEqual([]);
  });

  it('reads nothing while a statement waits, and says so', async () => {
    const run = new RelayRun({ ...only('fxs.*'), ddl: 'publish' });
    run.sink.onSend = () => new Promise(() => undefined);
    await run.start();
    await run.read(events);
    expect(run.relay.status()).toMatchObject({ ddlWaits: true, sourcePaused: true });
    expect(run.source.session.waiting).toBeGreaterThan(30);
    expect(run.source.session.isClosed).toBe(false);
    await run.stop();
    // It was not acknowledged: the next run publishes it again.
    expect(run.store.last?.gtidSet).toBe('');
  });
});
