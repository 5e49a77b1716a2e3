import type { Ledger, TableOfSource, WaitingStatement } from '../ledger/ledger.ts';
import type { Tables } from '../tables/tables.ts';
import type { Session } from '../target/target.ts';
import { showCreate } from './definitions.ts';
import { movedBy, type Move, type Moved } from './moves.ts';
import { RenameMarker } from './rename-marker.ts';
import { statementMet } from './statement-met.ts';

export interface RenameOptions {
  readonly ledger: Ledger;
  readonly tables: Tables;
  readonly includes: (database: string, table: string) => boolean;
}

/**
 * Renames in the target what the statement renames, and notes that it is done. What the ledger knows of the tables
 * stands under the names that their messages have: nothing of it moves. Throws STATEMENT_MET where the target cannot be
 * made what the source is by that.
 */
export async function runRename(
  session: Session,
  { ledger, tables, includes }: RenameOptions,
  stream: string,
  waiting: WaitingStatement,
  moves: readonly Move[],
): Promise<void> {
  const isWritten = ({ database, table }: TableOfSource): boolean => includes(database, table);
  const all = movedBy(moves);
  const crossing = all.find(({ from, to }) => isWritten(from) !== isWritten(to));
  if (crossing !== undefined) {
    const [own, other] = isWritten(crossing.to) ? [crossing.to, crossing.from] : [crossing.from, crossing.to];
    throw statementMet(
      waiting,
      `of its tables ${nameOf(own)} is written and ${nameOf(other)} is not: copy what is new`,
    );
  }
  const moved = all.filter(({ from }) => isWritten(from));
  const [first] = moved;
  if (first === undefined) return;

  const marker = new RenameMarker(session, tables.databaseOf(first.from.database), waiting.id);
  const progress = await marker.progress();
  if (progress === 'half') throw statementMet(waiting, 'the target was stopped in the middle of it: see what it has');
  if (progress !== 'done') {
    if (!(await areThere(session, tables, waiting, moved))) return;
    await requireNoCopy(session, ledger, stream, waiting, moved);
    await marker.make();
    await run(session, marker, stepsOf(moves, moved, tables));
  }
  await ledger.statements.markDone(session, stream, waiting.id);
  await marker.drop();
}

/** False: they will all be made, as they are then, when copies of them begin. */
async function areThere(
  session: Session,
  tables: Tables,
  waiting: WaitingStatement,
  moved: readonly Moved[],
): Promise<boolean> {
  const missing: string[] = [];
  for (const { from } of moved) {
    const name = tables.sqlOf(from.database, from.table);
    if ((await showCreate(session, name)) === undefined) missing.push(name);
  }
  if (missing.length === 0) return true;
  if (missing.length === moved.length && tables.areCreated) return false;
  throw statementMet(waiting, `the target has no table ${missing.join(', ')}`);
}

/** A copy removes the old rows of its table at the first new one: under the other name it would be another table's. */
async function requireNoCopy(
  session: Session,
  ledger: Ledger,
  stream: string,
  waiting: WaitingStatement,
  moved: readonly Moved[],
): Promise<void> {
  for (const table of moved.flatMap(({ from, to }) => [from, to]))
    if (await ledger.isBeingReplaced(session, stream, table))
      throw statementMet(waiting, `a copy of ${nameOf(table)} has begun, and no row of it has come: copy it again`);
}

/** Those that move a table that is written, with the names of the target. */
function stepsOf(moves: readonly Move[], moved: readonly Moved[], tables: Tables): readonly string[] {
  const wanted = new Set(moved.flatMap(({ steps }) => steps));
  return moves
    .filter((move) => wanted.has(move))
    .map(({ from, to }) => [from, to].map(({ database, table }) => tables.sqlOf(database, table)))
    .filter(([from, to]) => from !== to)
    .map(([from, to]) => `${from ?? ''} TO ${to ?? ''}`);
}

async function run(session: Session, marker: RenameMarker, steps: readonly string[]): Promise<void> {
  try {
    await session.query(marker.around(steps));
  } catch (thrown) {
    // The server may be at it still.
    if (!session.isOver && (await marker.progress()) === 'ready') await marker.drop();
    throw thrown;
  }
}

const nameOf = ({ database, table }: TableOfSource): string => `${database}.${table}`;
