import type { ApplyConfig } from '../../config/config.ts';
import type { Ledger, WaitingStatement } from '../ledger/ledger.ts';
import type { StatementNames } from '../ledger/statement-notes.ts';
import { planStatement } from '../statements/plan.ts';
import { statementMet } from '../statements/statement-met.ts';
import type { Came } from '../statements/renames.ts';
import type { StatementRunner } from '../statements/runner.ts';
import type { Session } from '../target/target.ts';

/** A statement in a lane that is in this epoch. */
interface MetStatement {
  readonly id: string;
  readonly epoch: number;
}

/** What happens where lanes come to a statement. */
export class MetStatements {
  readonly #ledger: Ledger;
  readonly #policy: ApplyConfig['statements'];
  readonly #runner: StatementRunner;

  constructor(ledger: Ledger, policy: ApplyConfig['statements'], runner: StatementRunner) {
    this.#ledger = ledger;
    this.#policy = policy;
    this.#runner = runner;
  }

  /**
   * Whether it is to be done again when it comes again in a later run of the relay: with it come the rows before it
   * that it has removed, and those after it.
   */
  mayRepeat(sql: string, names: StatementNames): boolean {
    return this.#policy === 'run' && ['drop', 'truncate', 'create'].includes(planStatement(sql, names).is);
  }

  /** Whether a lane that comes to it goes on. */
  async isPast(
    session: Session,
    stream: string,
    { id, epoch, mayRepeat, names }: MetStatement & { readonly mayRepeat: boolean; readonly names: StatementNames },
  ): Promise<boolean> {
    if (this.#policy === 'ignore') return true;
    const standing = await this.#ledger.statements.standing(session, stream, id);
    if (standing?.isDone !== true) return false;
    if (!mayRepeat || epoch <= standing.epoch) return true;
    for (const [database, table] of names)
      if (table !== null && (await this.isBeforeRename(session, stream, { table: { database, table }, epoch, id })))
        return true;
    return false;
  }

  /** Whether it comes again of the time before a table was renamed: then it is in the target, under the other name. */
  async isBeforeRename(session: Session, stream: string, came: Came): Promise<boolean> {
    return this.#policy !== 'ignore' && this.#runner.renames.isBefore(session, stream, came);
  }

  /**
   * Whether a lane that has come to it has to wait. When all lanes have come it is run, or STATEMENT_MET is thrown. A
   * lane that another has overtaken, in a later run of the relay, goes on: the statement comes again there.
   */
  async waits(session: Session, stream: string, { id, epoch }: MetStatement): Promise<boolean> {
    const { statements } = this.#ledger;
    const goesOn = async (): Promise<boolean> => {
      const standing = await statements.standing(session, stream, id);
      return standing === undefined || standing.isDone || standing.epoch > epoch;
    };
    if (await goesOn()) return false;
    await this.settle(session, stream);
    return !(await goesOn());
  }

  /** Runs those to which all lanes have come. Throws STATEMENT_MET. */
  async settle(session: Session, stream: string): Promise<void> {
    for (const statement of await this.#ledger.statements.waiting(session, stream)) {
      if (!isMet(statement)) continue;
      if (this.#policy !== 'run') throw statementMet(statement);
      await this.#runner.run(session, stream, statement.id);
    }
  }
}

const isMet = ({ arrived, lanes }: WaitingStatement): boolean => arrived >= lanes;
