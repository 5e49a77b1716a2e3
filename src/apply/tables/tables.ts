import { RelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { readHead, type RowsHead } from '../rows/head.ts';
import { textLiteral } from '../rows/literal.ts';
import { quoted, quotedTable } from '../../mysql/quoted.ts';
import type { TablePlan } from '../rows/table-plan.ts';
import type { AnswerRow, Session } from '../target/target.ts';
import { copyDefinition } from './definition.ts';
import { fit, type FitRules } from './fit.ts';
import { renamed } from './renamed.ts';
import { readTargetTable } from './target-table.ts';

export interface TablesOptions extends FitRules {
  /** Names of databases in the target by those in the source. */
  readonly rename: Readonly<Record<string, string>>;
  readonly create: boolean;
  readonly logger: Pick<Logger, 'info'>;
}

interface Planned {
  readonly head: RowsHead;
  readonly plan: TablePlan;
}

/** The tables of the target as the messages need them: looked at before the first row of each version of each. */
export class Tables {
  readonly #options: TablesOptions;
  /** By table of the source, then by the columns of the messages. */
  readonly #plans = new Map<string, Map<string, TablePlan>>();
  /** By everything in the body before the rows. */
  readonly #byHead = new Map<string, Planned>();
  /** Tables of the source that are missing, and will be made when a copy of them begins. */
  readonly #awaited = new Set<string>();
  /** Grows when something was forgotten: what was looked at before is not remembered after. */
  #version = 0;

  constructor(options: TablesOptions) {
    this.#options = options;
  }

  /**
   * What the message says of its rows, which begin at `begin`, and how they are written; undefined for a table that
   * is missing, and will be made when a copy of it begins. Throws MESSAGE_UNREADABLE, TARGET_TABLE_MISSING and
   * TARGET_TABLE_UNFIT, and what a session throws.
   */
  async planned(session: Session, body: Buffer, begin: number): Promise<Planned | undefined> {
    const text = body.toString('latin1', 0, begin);
    const known = this.#byHead.get(text);
    if (known !== undefined) return known;
    const head = readHead(body, begin);
    const key = keyOf(head.database, head.table);
    if (this.#awaited.has(key)) return undefined;
    const version = this.#version;
    const plan = await this.#plan(session, head);
    // It may have been made while it was looked for.
    if (version !== this.#version) return this.planned(session, body, begin);
    if (plan === undefined) {
      this.#awaited.add(key);
      return undefined;
    }
    const planned = { head, plan };
    if (this.#byHead.size >= MAX_HEADS) this.#byHead.clear();
    this.#byHead.set(text, planned);
    return planned;
  }

  async #plan(session: Session, head: RowsHead): Promise<TablePlan | undefined> {
    const key = keyOf(head.database, head.table);
    const columns = JSON.stringify([head.key, [...head.types], head.absent, head.omitted]);
    const known = this.#plans.get(key)?.get(columns);
    if (known !== undefined) return known;
    const version = this.#version;
    const plan = await this.#look(session, head);
    if (plan === undefined || version !== this.#version) return plan;
    const plans = this.#plans.get(key) ?? new Map<string, TablePlan>();
    plans.set(columns, plan);
    this.#plans.set(key, plans);
    return plan;
  }

  /** The table may have changed: it is looked at again. */
  forget(database: string, table: string): void {
    this.#version += 1;
    this.#plans.delete(keyOf(database, table));
    this.#byHead.clear();
    this.#awaited.delete(keyOf(database, table));
  }

  forgetAll(): void {
    this.#version += 1;
    this.#plans.clear();
    this.#byHead.clear();
    this.#awaited.clear();
  }

  /** Makes the table if it is missing and tables are to be made. `definition`: SHOW CREATE TABLE of the source. */
  async create(session: Session, database: string, table: string, definition: string): Promise<void> {
    if (this.#options.create) await this.make(session, database, table, definition);
    this.forget(database, table);
  }

  /** Whether a table that is missing is made when a copy of it begins. */
  get areCreated(): boolean {
    return this.#options.create;
  }

  /** Makes the table if it is missing, as above. */
  async make(session: Session, database: string, table: string, definition: string): Promise<void> {
    const target = this.databaseOf(database);
    if ((await readTargetTable(session, target, table)) !== undefined) return;
    const databases = await session.query(
      `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${textLiteral(target)}`,
    );
    if (databases.length === 0) await session.query(`CREATE DATABASE IF NOT EXISTS ${quoted(target)}`);
    let notes: readonly AnswerRow[];
    try {
      await session.query(copyDefinition(definition, quotedTable(target, table), this.#options.softDelete));
      notes = await session.query('SHOW WARNINGS');
    } catch (thrown) {
      throw refused(thrown, `${target}.${table}`);
    }
    // Every lane comes to it: another may have been first.
    if (notes.some((note) => note['Code'] === TABLE_EXISTS)) return;
    this.#options.logger.info({ table: `${target}.${table}` }, 'made a table');
  }

  /** The table in the target, as SQL has it. */
  sqlOf(database: string, table: string): string {
    return quotedTable(this.databaseOf(database), table);
  }

  databaseOf(database: string): string {
    return renamed(this.#options, database);
  }

  async #look(session: Session, head: RowsHead): Promise<TablePlan | undefined> {
    const database = this.databaseOf(head.database);
    const target = await readTargetTable(session, database, head.table);
    if (target === undefined) {
      if (this.#options.create) return undefined;
      throw new RelayError('TARGET_TABLE_MISSING', `the target has no table ${database}.${head.table}`);
    }
    const { plan, misfits } = fit(head, target, session.server, this.#options);
    if (plan !== undefined) return plan;
    throw new RelayError(
      'TARGET_TABLE_UNFIT',
      `the table ${database}.${head.table} of the target does not fit: ${misfits.map(({ what }) => what).join('; ')}`,
      { remedy: misfits.map(({ remedy }) => remedy).join('; ') },
    );
  }
}

/** ER_TABLE_EXISTS_ERROR, as a note. */
const TABLE_EXISTS = '1050';

/** More than tables, kinds and servers make. */
const MAX_HEADS = 2000;

const keyOf = (database: string, table: string): string => JSON.stringify([database, table]);

/** A definition that this server does not take, such as one with a collation of the other kind of server. */
function refused(thrown: unknown, table: string): unknown {
  if (!(thrown instanceof RelayError) || thrown.isRetried(false) || thrown.code === 'TARGET_GRANT_MISSING')
    return thrown;
  return new RelayError('TARGET_TABLE_MISSING', `the table ${table} cannot be made: ${thrown.message}`, {
    remedy: 'Make it in the target by hand: docs/apply.md says how.',
    cause: thrown,
  });
}
