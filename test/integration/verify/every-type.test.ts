/**
 * Exactness of `verify`: random values of all types and charsets in random tables, written into a copy by apply, are
 * equal, whatever the two servers are; and one value that is changed in the copy is found.
 *
 * ROUND_TRIP_SEED repeats a run, with the ROUND_TRIP_ROWS that it had.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TableResult } from '../../../src/verify/verify.ts';
import type { MysqlAddress, MysqlServer, MysqlVersion } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { ApplySink } from '../../support/round-trip/apply-sink.ts';
import type { Ends, Examined } from '../../support/round-trip/attempt.ts';
import { copyTypes } from '../../support/round-trip/copy-types.ts';
import { changeOneValue, type OneChange } from '../../support/round-trip/one-change.ts';
import { Random } from '../../support/round-trip/random.ts';
import { runRounds, type Rounds } from '../../support/round-trip/rounds.ts';
import { sourceTable, type TestTable } from '../../support/round-trip/tables.ts';
import { connectMysql, sharedMysql } from '../../support/servers.ts';
import { verify } from '../../support/verifying.ts';

const SEED = process.env['ROUND_TRIP_SEED'] ?? String(Date.now());
const ROWS = Number(process.env['ROUND_TRIP_ROWS'] ?? 2_000);
const PATIENCE = { timeout: 240_000 + 20 * ROWS, retry: 0 };

const servers = new Map<MysqlVersion, MysqlServer>();
beforeAll(async () => {
  for (const version of ['mariadb-10.11', '8.0'] as const)
    servers.set(version, await startMysql({ version, own: true, progress: () => undefined }));
}, 300_000);
afterAll(() => Promise.all([...servers.values()].map((server) => server.remove())));

const address = (version: MysqlVersion): MysqlAddress => servers.get(version) ?? sharedMysql();

function shown({ table, ...result }: TableResult, tables: readonly TestTable[]): string {
  const found = tables.find(({ name }) => name === table);
  const differences = result.differences.slice(0, 3);
  return `${found === undefined ? table : sourceTable('', found)}\n${JSON.stringify({ ...result, differences })}`;
}

test.each<[MysqlVersion, MysqlVersion]>([
  ['9.7', '9.7'],
  ['9.7', 'mariadb-10.11'],
  ['mariadb-10.11', 'mariadb-10.11'],
  ['mariadb-10.11', '9.7'],
  ['8.0', '9.7'],
])('tells every value of %s from any other in %s', PATIENCE, async (from, to) => {
  const [source, copy] = [address(from), address(to)];
  const connection = await connectMysql(copy);
  const copyType = await copyTypes(connection);
  await connection.end();
  let changes = 0;
  const ends: Ends = {
    source,
    copy,
    createReader: ApplySink.create.bind(ApplySink),
    copyType,
    examine: async (sides, tables, kept): Promise<Examined> => {
      const compare = (): ReturnType<typeof verify> =>
        verify({
          sourceDatabase: sides.database,
          targetDatabase: sides.copyDatabase,
          ledger: sides.copyDatabase,
          source,
          target: copy,
          options: { showsValues: true },
        });
      const found = await compare();
      const rows = found.reduce((sum, result) => sum + result.rows, 0);
      const alarms = found.filter(
        ({ state, missingColumns, incomparableColumns }) =>
          state !== 'equal' || missingColumns.length + incomparableColumns.length > 0,
      );
      expect(alarms.map((result) => shown(result, tables)).join('\n')).toBe('');
      const changed = new Map<string, OneChange>();
      for (const table of tables) {
        const random = new Random(`${SEED} ${sides.database} ${table.name}`);
        const change = await changeOneValue(random, sides.copy, sides.copyDatabase, table, kept);
        if (change !== undefined) changed.set(table.name, change);
      }
      changes += changed.size;
      const wrong = (await compare()).filter(({ table, state }) => (state === 'different') !== changed.has(table));
      expect(
        wrong.map((result) => `${shown(result, tables)}\n${JSON.stringify(changed.get(result.table))}`).join('\n'),
        'a change that was missed, or was none',
      ).toBe('');
      return { rows, problem: undefined };
    },
  };
  const rounds: Rounds = {
    isModern: from === '9.7' && to === '9.7',
    isMariadb: from === 'mariadb-10.11',
    isReduced: false,
    seed: `${SEED} ${from} ${to}`,
    rows: ROWS,
  };
  const counts = await runRounds(ends, rounds).catch((error: unknown) => {
    const repeat = `repeat with ROUND_TRIP_SEED=${SEED} ROUND_TRIP_ROWS=${ROWS}`;
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${repeat}`, { cause: error });
  });
  console.log(`verified ${from} to ${to}: ${JSON.stringify({ ...counts, found: changes })}`);
  expect(changes).toBeGreaterThan(0);
});
