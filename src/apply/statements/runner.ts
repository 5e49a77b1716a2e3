import { asRelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { quotedTable } from '../../mysql/quoted.ts';
import type { Ledger, TableOfSource, WaitingStatement } from '../ledger/ledger.ts';
import { copyDefinition } from '../tables/definition.ts';
import type { Tables } from '../tables/tables.ts';
import type { Session } from '../target/target.ts';
import { hasTextInKey, showCreate } from './definitions.ts';
import { planStatement, type StatementPlan } from './plan.ts';
import { runRename } from './rename.ts';
import { Renames } from './renames.ts';
import { statementMet } from './statement-met.ts';

export interface StatementRunnerOptions {
  readonly ledger: Ledger;
  readonly tables: Tables;
  /** Which tables of the source are written. */
  readonly includes: (database: string, table: string) => boolean;
  readonly logger: Pick<Logger, 'info'>;
}

type PlanOf<K extends StatementPlan['is']> = Extract<StatementPlan, { readonly is: K }>;

/** Runs statements of the source in the target, each once in effect, when all lanes wait at them. */
export class StatementRunner {
  readonly renames: Renames;
  readonly #options: StatementRunnerOptions;

  constructor(options: StatementRunnerOptions) {
    this.#options = options;
    this.renames = new Renames(options.ledger);
  }

  /**
   * Runs it and notes that, unless it is done; or does nothing, where another session is about to. Throws STATEMENT_MET
   * with the reason when an operator has to; and what passes, to be tried again.
   *
   * DDL commits by itself, so that nothing tells for sure whether it has run when the connection or the process has
   * ended in between. What cannot run twice is compared: what the table was is noted before, and where it is another by
   * then, the statement has run. Only one session runs statements at a time, and as long as the server is at one, that
   * session has the lock.
   */
  async run(session: Session, stream: string, id: string): Promise<void> {
    const { statements } = this.#options.ledger;
    await statements.alone(session, async () => {
      const waiting = (await statements.waiting(session, stream)).find((statement) => statement.id === id);
      if (waiting === undefined) return;
      try {
        await this.#runOnce(session, stream, waiting);
      } catch (thrown) {
        const error = asRelayError(thrown);
        throw error.retryable || error.code === 'STATEMENT_MET' ? error : statementMet(waiting, error.message, error);
      }
      await statements.markDone(session, stream, id);
      this.#options.tables.forgetAll();
      this.renames.forget();
      this.#options.logger.info({ statement: id }, 'ran a statement of the source');
    });
  }

  async #runOnce(session: Session, stream: string, waiting: WaitingStatement): Promise<void> {
    const plan = planStatement(waiting.sql, waiting.names);
    switch (plan.is) {
      case 'refused':
        throw statementMet(waiting, plan.why);
      case 'alter':
        return this.#alter(session, stream, waiting, plan);
      case 'create':
        return this.#create(session, waiting, plan);
      case 'rename':
        return runRename(session, this.#options, stream, waiting, plan.moves);
      case 'drop':
      case 'truncate':
        for (const table of plan.tables) await this.#empty(session, stream, plan.is, table);
    }
  }

  async #alter(session: Session, stream: string, waiting: WaitingStatement, plan: PlanOf<'alter'>): Promise<void> {
    const { ledger, tables } = this.#options;
    const name = tables.sqlOf(plan.table.database, plan.table.table);
    const now = await showCreate(session, name);
    // It will be made, as it is then, when a copy of it begins.
    if (now === undefined && tables.areCreated) return;
    if (now === undefined) throw statementMet(waiting, `the target has no table ${name}`);
    if (waiting.before !== undefined && waiting.before !== now) return;
    if (waiting.before === undefined) await ledger.statements.noteBefore(session, stream, waiting.id, now);
    try {
      await session.query(plan.sqlFor(name));
    } catch (thrown) {
      // Of another session, whose connection was lost, it may have been under way.
      if (session.isOver || (await showCreate(session, name)) === now) throw thrown;
    }
  }

  /** By way of a table of another name, whose definition the server writes out. */
  async #create(session: Session, waiting: WaitingStatement, plan: PlanOf<'create'>): Promise<void> {
    const { tables } = this.#options;
    const { database, table } = plan.table;
    const target = tables.databaseOf(database);
    const draft = quotedTable(target, DRAFT);
    const drop = `DROP TABLE IF EXISTS ${draft}`;
    await session.query(drop);
    await session.query(plan.sqlFor(draft));
    const definition = (await showCreate(session, draft)) ?? '';
    await session.query(drop);
    // The keys that are left decide.
    await session.query(copyDefinition(definition, draft));
    const needsCollation = await hasTextInKey(session, target, DRAFT);
    await session.query(drop);
    if (needsCollation && !plan.saysCollation) {
      throw statementMet(waiting, 'its key has texts, and the statement does not say the collation of the table');
    }
    await tables.make(session, database, table, definition);
  }

  /** Tables that are not written are left as they are. */
  async #empty(session: Session, stream: string, is: 'drop' | 'truncate', table: TableOfSource): Promise<void> {
    const { ledger, tables, includes } = this.#options;
    if (!includes(table.database, table.table)) return;
    const name = tables.sqlOf(table.database, table.table);
    if (is === 'drop') await session.query(`DROP TABLE IF EXISTS ${name}`);
    else if ((await showCreate(session, name)) !== undefined) await session.query(`TRUNCATE TABLE ${name}`);
    await ledger.forgetChangesOf(session, stream, table);
  }
}

const DRAFT = 'binlog_relay_draft';
