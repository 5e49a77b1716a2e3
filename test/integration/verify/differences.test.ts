/** That each kind of difference is found, and nothing else, on two databases of a real MySQL. */
import { beforeEach, describe, expect, it } from 'vitest';
import { VerifiedPair } from '../../support/verified-pair.ts';

const pair = new VerifiedPair();

const TABLE =
  "CREATE TABLE t (id VARCHAR(20) PRIMARY KEY, name VARCHAR(100), note TEXT, b VARBINARY(9), f FLOAT, d DOUBLE, n BIGINT UNSIGNED, j JSON, e ENUM('a', ''));";
const ROWS =
  "INSERT INTO t SELECT CONCAT('k', n), CONCAT('name ', n), NULL, x'00ff', 0.1, 0.1, 18446744073709551615, '{\"a\": [1.5, null]}', 'a' FROM " +
  '(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s) r;';

describe('a table with a key', () => {
  beforeEach(() => pair.both(TABLE + ROWS));

  it('is equal, and all its rows were looked at', async () => {
    expect(await pair.one()).toMatchObject({ state: 'equal', rows: 900, different: 0, undecided: 0, isCut: false });
  });

  it.each<[string, string, object, string?]>([
    ['a row that is lost', "DELETE FROM t WHERE id = 'k17'", { kind: 'missing', columns: [] }],
    ['a byte', "UPDATE t SET b = x'00fe' WHERE id = 'k17'", { kind: 'changed', columns: ['b'] }],
    ['NULL and an empty text', "UPDATE t SET note = '' WHERE id = 'k17'", { kind: 'changed', columns: ['note'] }],
    ['1 ulp of a FLOAT', "UPDATE t SET f = 0.10000001 WHERE id = 'k17'", { columns: ['f'] }],
    ['1 ulp of a DOUBLE', "UPDATE t SET d = 0.10000000000000002 WHERE id = 'k17'", { columns: ['d'] }],
    ['a space at the end', "UPDATE t SET name = 'name 17 ' WHERE id = 'k17'", { columns: ['name'] }],
    ['case', "UPDATE t SET name = 'Name 17' WHERE id = 'k17'", { columns: ['name'] }],
    ['64 bits', "UPDATE t SET n = 18446744073709551614 WHERE id = 'k17'", { columns: ['n'] }],
    ['JSON', 'UPDATE t SET j = \'{"a": [1.5, "null"]}\' WHERE id = \'k17\'', { columns: ['j'] }],
    [
      'what stands where',
      "UPDATE t SET name = 'ab', note = 'c' WHERE id = 'k17'",
      { columns: ['name', 'note'] },
      "UPDATE t SET name = 'a', note = 'bc' WHERE id = 'k17'",
    ],
    [
      'the last digit of a number that is a long text',
      "UPDATE t SET d = -1.0484934090593682e-303 WHERE id = 'k17'",
      { columns: ['d'] },
      "UPDATE t SET d = -1.0484934090593684e-303 WHERE id = 'k17'",
    ],
  ])('differs in %s', async (_what, change, difference, before = 'DO 0') => {
    await pair.source.connection.query(before);
    await pair.target.connection.query(change);
    const result = await pair.one();
    expect(result).toMatchObject({ state: 'different', different: 1, undecided: 0 });
    expect(result.differences).toMatchObject([{ shown: 'id="k17"', key: ['6B3137'], ...difference }]);
  });

  it('has a row too many, before, between and behind the keys of the source', async () => {
    await pair.target.connection.query("INSERT INTO t (id) VALUES ('a'), ('k170a'), ('z')");
    const result = await pair.one();
    expect(result).toMatchObject({ state: 'different', different: 3 });
    expect(result.differences.map(({ kind, shown }) => [kind, shown])).toEqual([
      ['extra', 'id="a"'],
      ['extra', 'id="k170a"'],
      ['extra', 'id="z"'],
    ]);
    expect(await pair.one({ allowsExtra: true, restart: true })).toMatchObject({ state: 'equal', different: 0 });
  });

  it('has a key in another case', async () => {
    await pair.target.connection.query("UPDATE t SET id = 'K17' WHERE id = 'k17'");
    const result = await pair.one();
    expect(result.state).toBe('different');
    // Each of the two is looked for by its own bytes.
    expect(result.differences.map(({ key }) => key)).toEqual(expect.arrayContaining([['6B3137'], ['4B3137']]));
  });

  it('shows values only when asked to, and stops at the most that are looked for', async () => {
    await pair.target.connection.query("UPDATE t SET name = CONCAT(name, '!'), b = NULL");
    const cut = await pair.one({ maxDifferences: 5 });
    expect(cut).toMatchObject({ state: 'different', different: 5, isCut: true });
    expect(JSON.stringify(cut)).not.toContain('name 1');
    const [shown] = (await pair.one({ maxDifferences: 1, showsValues: true, restart: true })).differences;
    expect(shown?.values).toEqual({
      name: [expect.stringMatching(/^name \d+$/), expect.stringMatching(/^name \d+!$/)],
      b: ["x'00FF'", null],
    });
  });
});

describe('a table without a key', () => {
  beforeEach(() => pair.both('CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 2), (3, 4), (3, 4)'));

  it('is equal in any order', async () => {
    await pair.target.connection.query('TRUNCATE t; INSERT INTO t VALUES (3, 4), (1, 2), (3, 4)');
    expect(await pair.one()).toMatchObject({ state: 'equal', rows: 3 });
  });

  it.each([
    ['values of two rows that were swapped', 'UPDATE t SET b = 6 - b WHERE a = 1 OR b = 4 LIMIT 2'],
    ['a row that is there less often', 'DELETE FROM t WHERE a = 3 LIMIT 1'],
    ['a row twice in place of another', 'UPDATE t SET a = 3, b = 4 WHERE a = 1'],
  ])('differs by %s', async (_what, change) => {
    await pair.target.connection.query(change);
    expect(await pair.one()).toMatchObject({ state: 'different', isCut: true });
  });
});

it('takes rows that are marked as deleted for rows that are not there', async () => {
  await pair.both(TABLE + ROWS);
  await pair.target.connection.query(
    "ALTER TABLE t ADD deleted_at DATETIME(3) NULL; UPDATE t SET deleted_at = NOW(3) WHERE id IN ('k17', 'k18', 'k900')",
  );
  await pair.source.connection.query("DELETE FROM t WHERE id IN ('k17', 'k18')");
  const softDelete = 'deleted_at';
  expect(await pair.one({ softDelete })).toMatchObject({
    different: 1,
    differences: [{ kind: 'missing', shown: expect.stringContaining('k900') as string }],
  });
  await pair.target.connection.query("UPDATE t SET deleted_at = NULL WHERE id IN ('k17', 'k900')");
  expect(await pair.one({ softDelete, restart: true })).toMatchObject({
    different: 1,
    differences: [{ kind: 'extra', shown: expect.stringContaining('k17') as string }],
  });
  await pair.source.connection.query("INSERT INTO t (id) VALUES ('k18')");
  await pair.target.connection.query(
    "DELETE FROM t WHERE id = 'k17'; INSERT INTO t (id) VALUES ('k19') AS n ON DUPLICATE KEY UPDATE t.id = n.id",
  );
  expect(await pair.one({ softDelete, restart: true })).toMatchObject({
    different: 1,
    differences: [{ kind: 'missing' }],
  });
});

it('tells tables that are missing, awaited, or of another kind, and columns that are', async () => {
  await pair.source.connection.query(
    'CREATE TABLE gone (id INT PRIMARY KEY); CREATE TABLE less (id INT PRIMARY KEY, a INT)',
  );
  await pair.target.connection.query('CREATE TABLE less (id INT PRIMARY KEY)');
  expect(await pair.found()).toMatchObject([
    { table: 'gone', state: 'missing' },
    { table: 'less', state: 'equal', missingColumns: ['a'] },
  ]);
  expect(await pair.found({ awaitsMissing: true, restart: true })).toMatchObject([{ state: 'awaited' }, {}]);
});

it('compares tables whose keys are of any type, with names of any characters', async () => {
  const keys = [
    'INT',
    'BIGINT UNSIGNED',
    'DECIMAL(9, 3)',
    'FLOAT',
    'DOUBLE',
    'DATETIME(3)',
    'TIME(2)',
    'YEAR',
    'BIT(11)',
  ];
  const texts = [
    'VARCHAR(9) CHARACTER SET gbk',
    'CHAR(9) CHARACTER SET ucs2',
    'VARBINARY(9)',
    "ENUM('1', '2', '3', '4', '5', '6', '7')",
    'VARCHAR(9) COLLATE utf8mb4_0900_as_cs',
  ];
  const all = [...keys, ...texts];
  for (const [i, type] of all.entries())
    await pair.both(
      `CREATE TABLE \`t\`\`?${i}\` (\`a b?\` ${type}, \`c'\` INT, v INT, PRIMARY KEY (\`a b?\`, \`c'\`)); ` +
        `INSERT INTO \`t\`\`?${i}\` VALUES ${[1, 2, 3, 4, 5, 6].flatMap((n) => [1, 2].map((m) => `(${type.startsWith('DATETIME') ? `'2026-01-0${n}'` : type === 'YEAR' ? 2000 + n : n}, ${m}, 1)`)).join()}`,
    );
  expect((await pair.found()).filter(({ state }) => state !== 'equal')).toEqual([]);
  for (const i of all.keys())
    await pair.target.connection.query(`UPDATE \`t\`\`?${i}\` SET v = 2 ORDER BY \`a b?\` DESC LIMIT 1`);
  const results = await pair.found();
  expect(results.map(({ different, differences }) => [different, differences[0]?.columns])).toEqual(
    all.map(() => [1, ['v']]),
  );
});
