import { quotedTable } from '../../mysql/quoted.ts';
import { textLiteral } from '../../mysql/text-literal.ts';
import type { Session } from '../target/target.ts';

/** `none`: it has not begun. `half`: a server that does not rename several tables at once has stopped in the middle. */
export type RenameProgress = 'none' | 'ready' | 'half' | 'done';

const NAMES = {
  ready: 'binlog_relay_rename_ready',
  half: 'binlog_relay_rename_half',
  done: 'binlog_relay_rename_done',
} as const;

/**
 * An empty table that is renamed together with those of a statement, first and last: its name tells for sure whether
 * the statement has run, also where the tables look the same before and after.
 */
export class RenameMarker {
  readonly #session: Session;
  readonly #database: string;
  readonly #id: string;

  /** `database`: in the target. `id`: of the statement. */
  constructor(session: Session, database: string, id: string) {
    this.#session = session;
    this.#database = database;
    this.#id = id;
  }

  async progress(): Promise<RenameProgress> {
    const names = Object.values(NAMES).map(textLiteral);
    const rows = await this.#session.query(
      'SELECT TABLE_NAME AS name FROM information_schema.TABLES ' +
        `WHERE TABLE_SCHEMA = ${textLiteral(this.#database)} AND TABLE_NAME IN (${names.join()}) ` +
        `AND TABLE_COMMENT = ${textLiteral(this.#id)}`,
    );
    const found = rows.map(({ name }) => name);
    return (['ready', 'half', 'done'] as const).find((progress) => found.includes(NAMES[progress])) ?? 'none';
  }

  /** From now on it is `ready`. What an earlier statement has left goes. */
  async make(): Promise<void> {
    await this.drop();
    await this.#session.query(`CREATE TABLE ${this.#name('ready')} (id INT) COMMENT = ${plainLiteral(this.#id)}`);
  }

  /** One statement for these steps and those of the marker. */
  around(steps: readonly string[]): string {
    const [ready, half, done] = [this.#name('ready'), this.#name('half'), this.#name('done')];
    return `RENAME TABLE ${[`${ready} TO ${half}`, ...steps, `${half} TO ${done}`].join(', ')}`;
  }

  async drop(): Promise<void> {
    const all = (['ready', 'half', 'done'] as const).map((progress) => this.#name(progress));
    await this.#session.query(`DROP TABLE IF EXISTS ${all.join(', ')}`);
  }

  #name(progress: keyof typeof NAMES): string {
    return quotedTable(this.#database, NAMES[progress]);
  }
}

/** COMMENT takes no expression. The session of apply has no NO_BACKSLASH_ESCAPES. */
const plainLiteral = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
