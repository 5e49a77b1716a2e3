import { RelayError } from '../../base/errors.ts';
import type { Statement } from '../rows/statements.ts';
import type { TablePlan } from '../rows/table-plan.ts';
import { packetBytes } from '../target/session.ts';
import { RAISE_PACKET, withoutValues } from '../target/target-errors.ts';
import type { Outcome, Session } from '../target/target.ts';

/** What one transaction writes. */
export interface Work {
  /** Moves the lane in the ledger; nothing is written when it is refused. */
  readonly move: string;
  /** More of the ledger. */
  readonly notes: readonly string[];
  readonly statements: readonly Statement[];
}

const BEGIN = Buffer.from('BEGIN');
const COMMIT = Buffer.from('COMMIT');
const ROLLBACK = Buffer.from('ROLLBACK');

/**
 * Writes the ledger and the rows in one transaction. Throws what a session throws, VALUE_REFUSED, ROW_MISSING,
 * LEDGER_UNUSABLE and TARGET_UNSUITABLE; then nothing is written, or, when the connection was lost, nobody knows.
 */
export async function commit(session: Session, work: Work): Promise<void> {
  const first = [BEGIN, ...[work.move, ...work.notes].map((sql) => Buffer.from(sql))];
  const packet = [...first, ...work.statements.map(({ sql }) => sql)];
  requireRoom(session, packet);
  try {
    const outcomes = await session.run(packet);
    requireMoved(outcomes.slice(0, first.length));
    const done = outcomes.slice(first.length);
    const noisy = work.statements.filter((_, i) => (done[i]?.warnings ?? 0) > 0);
    if (noisy.length === 0 || (noisy.length === 1 && noisy[0] === work.statements.at(-1))) {
      for (const [i, statement] of work.statements.entries()) await requireDone(session, statement, done[i]);
    } else {
      // The server tells the warnings of its last statement only.
      await session.run([ROLLBACK]);
      await oneByOne(session, first, work.statements);
    }
    await session.run([COMMIT]);
  } catch (error) {
    await rolledBack(session);
    throw error;
  }
}

async function oneByOne(
  session: Session,
  first: readonly Uint8Array[],
  statements: readonly Statement[],
): Promise<void> {
  requireMoved(await session.run(first));
  for (const statement of statements) {
    const [outcome] = await session.run([statement.sql]);
    await requireDone(session, statement, outcome);
  }
}

async function rolledBack(session: Session): Promise<void> {
  if (session.isOver) return;
  try {
    await session.run([ROLLBACK]);
  } catch {
    // With the connection its transaction ends.
    session.destroy();
  }
}

function requireRoom({ server }: Session, packet: readonly Uint8Array[]): void {
  const bytes = packetBytes(packet);
  if (bytes <= server.maxPacketBytes) return;
  throw new RelayError(
    'TARGET_UNSUITABLE',
    `max_allowed_packet of the target is ${server.maxPacketBytes}, and the message needs ${bytes}`,
    { remedy: RAISE_PACKET },
  );
}

function requireMoved([, move, ...notes]: readonly Outcome[]): void {
  if (move?.found !== 1) throw new RelayError('LEDGER_UNUSABLE', 'the row of the lane has gone from the ledger');
  if ([move, ...notes].every(({ warnings }) => warnings === 0)) return;
  throw new RelayError('LEDGER_UNUSABLE', 'the target does not store the ledger as it is written');
}

async function requireDone(session: Session, { plan, found }: Statement, outcome: Outcome | undefined): Promise<void> {
  if (outcome === undefined) throw new RelayError('INTERNAL', 'the target has not answered every statement');
  if (found !== undefined && outcome.found !== found) {
    throw new RelayError('ROW_MISSING', `${plan.name}, which has no key, has no row that holds what the message says`);
  }
  if (outcome.warnings > 0) await requireHarmless(session, plan, outcome.warnings);
}

/**
 * Warnings with which the server stores the value that was meant: ER_WARN_DATA_TRUNCATED, ER_WARN_DATA_OUT_OF_RANGE.
 */
function isHarmless(plan: TablePlan, code: string, text: string): boolean {
  const isOf = (columns: readonly string[], says: string): boolean =>
    columns.some((name) => text.startsWith(`${says} for column '${name}' at row `));
  if (code === '1265') return isOf(plan.enums, 'Data truncated');
  return code === '1264' && isOf(plan.floats, 'Out of range value');
}

async function requireHarmless(session: Session, plan: TablePlan, count: number): Promise<void> {
  const warnings = await session.query('SHOW WARNINGS');
  if (warnings.length < count) {
    throw new RelayError(
      'VALUE_REFUSED',
      `${plan.name}: the target warns ${count} times, and tells ${warnings.length}`,
      {
        remedy: 'SET GLOBAL max_error_count = 65535, or GRANT SESSION_VARIABLES_ADMIN ON *.* to the account of apply.',
      },
    );
  }
  const bad = warnings.find((row) => !isHarmless(plan, row['Code'] ?? '', row['Message'] ?? ''));
  if (bad === undefined && warnings.length > 0) return;
  const says =
    bad === undefined ? 'it cannot say what' : withoutValues(bad['Message'] ?? '', `code ${bad['Code'] ?? ''}`);
  throw new RelayError('VALUE_REFUSED', `${plan.name} would store another value than the message has (${says})`);
}
