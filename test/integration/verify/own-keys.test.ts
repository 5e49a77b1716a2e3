/** Rows that a server does not find by what it shows of their keys: nothing of them may be taken for equal. */
import { beforeEach, describe, expect, it } from 'vitest';
import { KeyedTable } from '../../../src/verify/pass/keyed-table.ts';
import { Moments } from '../../../src/verify/pass/moments.ts';
import { Pace } from '../../../src/verify/pass/pace.ts';
import { BEGINNING, type Compared } from '../../../src/verify/pass/table-place.ts';
import { describeTable } from '../../../src/verify/tables/described-table.ts';
import { tablePair, type Side } from '../../../src/verify/tables/table-pair.ts';
import type { Reached } from '../../../src/verify/verify.ts';
import { sharedMysql } from '../../support/servers.ts';
import { VerifiedPair } from '../../support/verified-pair.ts';
import { endsOf, everything, hurried } from '../../support/verifying.ts';

const pair = new VerifiedPair();

describe('a key that is written into statements so that it finds nothing (invariant 24)', () => {
  beforeEach(async () => {
    const sql = 'CREATE TABLE t (id FLOAT PRIMARY KEY, v INT); INSERT INTO t VALUES (0.1, 1), (0.5, 1), (0.7, 1)';
    await pair.both(sql);
  });

  /** With literals of a DECIMAL in place of those of a FLOAT: of these keys they find 0.5 alone. */
  async function compare(): Promise<Compared> {
    const ends = endsOf(sharedMysql(), sharedMysql());
    try {
      const one = await describeTable(await ends.source(), pair.source.name, 't');
      const other = await describeTable(await ends.target(), pair.target.name, 't');
      if (one === undefined || other === undefined) throw new Error('the tables are not there');
      const compared = tablePair(one, other);
      const broken = (side: Side): Side => ({ ...side, key: [{ name: 'id', form: { kind: 'number' } }] });
      const both = { ends, clock: hurried, stop: new AbortController().signal };
      const reached = async (): Promise<Reached> => everything(await ends.source());
      const table = new KeyedTable(
        {
          ...both,
          pair: { ...compared, source: broken(compared.source), target: broken(compared.target) },
          moments: new Moments({ ...both, reached, patienceMs: 20_000 }),
          pace: new Pace({ ...both, maxThreadsRunning: 10_000, rest: 0 }),
          rules: { looks: 5, maxLooks: 40, allowsExtra: false },
          chunkMs: 100,
          maxDifferences: 1000,
          showsValues: false,
          random: () => 0,
          onPlace: () => Promise.resolve(),
          onProgress: () => undefined,
        },
        BEGINNING,
      );
      return await table.run();
    } finally {
      ends.drop();
    }
  }

  it('is no proof that a row has gone', async () => {
    await pair.target.connection.query('UPDATE t SET v = 2 WHERE id <> 0.5');
    const found = await compare();
    expect(found).toMatchObject({ different: 0, undecided: 2 });
    expect(found.undecidedRows).toEqual([
      { shown: 'id=0.1', why: 'unfound' },
      { shown: 'id=0.7', why: 'unfound' },
    ]);
  });

  it('is none that a row is lacking on one side', async () => {
    await pair.target.connection.query('DELETE FROM t WHERE id > 0.6');
    expect(await compare()).toMatchObject({ different: 0, undecided: 1 });
  });

  it('finds what can be found', async () => {
    await pair.target.connection.query('UPDATE t SET v = 2 WHERE id = 0.5');
    expect(await compare()).toMatchObject({ different: 1, undecided: 0, differences: [{ shown: 'id=0.5' }] });
  });
});

it('does not take two rows for one whose keys are one text in UTF-8', async () => {
  await pair.source.connection.query(
    'CREATE TABLE t (id VARCHAR(9) CHARACTER SET cp932 COLLATE cp932_bin PRIMARY KEY, v INT);' +
      "INSERT INTO t VALUES (x'81E6', 1), (x'879A', 1), ('b', 1)",
  );
  await pair.target.connection.query(
    'CREATE TABLE t (id VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, v INT);' +
      "INSERT INTO t VALUES ('∵', 1), ('b', 1)",
  );
  expect(await pair.one()).toMatchObject({
    state: 'undecided',
    undecided: 1,
    undecidedRows: [{ shown: 'id="∵"', why: 'alike' }],
  });
});

it('finds rows with keys that are no days of a calendar', async () => {
  for (const [{ connection }, v] of [
    [pair.source, 1],
    [pair.target, 2],
  ] as const)
    await connection.query(
      "SET sql_mode = 'ALLOW_INVALID_DATES'; CREATE TABLE t (id DATE PRIMARY KEY, v INT);" +
        `INSERT INTO t VALUES ('2020-02-31', ${v}), ('2020-00-00', 1), ('0000-00-00', ${v})`,
    );
  expect(await pair.one()).toMatchObject({ different: 2, undecided: 0 });
});
