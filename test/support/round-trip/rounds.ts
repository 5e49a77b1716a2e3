import { readAlphabets, type Alphabet } from './alphabets.ts';
import { connectMysql } from '../servers.ts';
import { roundTrip, type Attempt, type Ends } from './attempt.ts';
import { Random } from './random.ts';
import { report } from './report.ts';
import { shrink } from './shrink.ts';
import { randomTable, type ServerKinds } from './tables.ts';
import { randomTransactions } from './workload.ts';

const ROWS_A_ROUND = 2_500;
const TABLES_A_ROUND = 8;

export interface Rounds {
  readonly seed: string;
  /** Rows that are to be changed, about. */
  readonly rows: number;
  /** The source has VECTOR, invisible columns and compressed transactions. */
  readonly isModern: boolean;
  readonly isMariadb?: boolean;
  /** Whether generated columns are in its rows; MariaDB 11.8 leaves them out. */
  readonly hasGenerated?: boolean;
  readonly tamper?: Attempt['tamper'];
  /** What fails is reduced to the smallest case, which takes minutes; the default. */
  readonly isReduced?: boolean;
}

export interface Counts {
  rounds: number;
  tables: number;
  columns: number;
  changes: number;
  /** At the end of their round. */
  rows: number;
}

/**
 * Round trips with schema after schema, until `rows` rows were changed. Throws an Error with the smallest case of the
 * first that fails.
 */
export async function runRounds(
  ends: Ends,
  { seed, rows, isModern, isMariadb = false, hasGenerated = true, tamper, isReduced = true }: Rounds,
): Promise<Counts> {
  const alphabets = await alphabetsOf(ends, new Random(`${seed} alphabets`));
  const counts: Counts = { rounds: 0, tables: 0, columns: 0, changes: 0, rows: 0 };
  for (let left = rows; left > 0; left -= ROWS_A_ROUND) {
    const attempt = randomAttempt(
      new Random(`${seed} ${counts.rounds}`),
      { alphabets, isModern, isMariadb, hasGenerated },
      Math.min(left, ROWS_A_ROUND),
    );
    const tampered = tamper === undefined ? attempt : { ...attempt, tamper };
    const outcome = await roundTrip(ends, tampered);
    if (outcome.problem !== undefined) {
      if (!isReduced)
        throw new Error(`${outcome.problem.what}; ${outcome.bodies.at(-1)?.slice(0, 3000) ?? 'nothing was published'}`);
      const shrunk = await shrink({ attempt: tampered, outcome }, (each) => roundTrip(ends, each));
      throw new Error(`round ${counts.rounds}: ${outcome.problem.what}; reduced to:\n${report(shrunk)}`);
    }
    counts.rounds += 1;
    counts.tables += attempt.tables.length;
    counts.columns += attempt.tables.reduce((sum, { columns }) => sum + columns.length, 0);
    counts.changes += outcome.changes;
    counts.rows += outcome.rows;
  }
  return counts;
}

async function alphabetsOf({ source }: Ends, random: Random): Promise<readonly Alphabet[]> {
  const connection = await connectMysql(source, { database: 'mysql' });
  try {
    await connection.query('SET SESSION sql_log_bin = 0');
    return await readAlphabets(connection, random);
  } finally {
    await connection.end();
  }
}

function randomAttempt(random: Random, server: ServerKinds, rows: number): Attempt {
  const tables = random.list(TABLES_A_ROUND, (i) => randomTable(random.fork(`table ${i}`), i, server));
  return {
    tables,
    transactions: randomTransactions(random.fork('transactions'), tables, rows, server),
    relay: {
      ordering: random.chance(0.7) ? 'key' : random.pick(['table', 'total']),
      lanes: random.int(1, 8),
      messageBytes: random.pick([2_000, 20_000, 256 << 10]),
    },
  };
}
