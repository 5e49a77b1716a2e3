import type { LaneMark } from '../../topic/gate.ts';
import type { TopicMessage } from '../../topic/topic.ts';
import type { Session } from '../target/target.ts';
import { readAnnouncement } from './announcement.ts';
import { countIn, tableOf } from './envelope.ts';
import type { LaneMemory } from './lane-memory.ts';
import type { LaneWork } from './lane-work.ts';
import { endReplacement } from './replacement.ts';
import type { WriterOptions } from './writer-options.ts';

type Options = Pick<WriterOptions, 'choice' | 'tables' | 'ledger' | 'statements' | 'onPassed' | 'onCopyBegun'>;

/** Does what messages of a lane without rows say: where copies begin and end, and statements. */
export class LaneAnnouncements {
  readonly #lane: string;
  readonly #options: Options;
  readonly #memory: LaneMemory;
  readonly #commit: (session: Session, work: LaneWork) => Promise<void>;

  /** `commit`: what `work` writes. */
  constructor(
    lane: string,
    options: Options,
    memory: LaneMemory,
    commit: (session: Session, work: LaneWork) => Promise<void>,
  ) {
    this.#lane = lane;
    this.#options = options;
    this.#memory = memory;
    this.#commit = commit;
  }

  /** `work` is empty. True: it is committed, and another has to begin. */
  async copyMark(session: Session, work: LaneWork, message: TopicMessage, mark: LaneMark): Promise<boolean> {
    const { ledger, tables, choice, onPassed } = this.#options;
    const { stream } = mark;
    const table = tableOf(message);
    work.pass(message, mark);
    if (!choice.includes(table.database, table.table)) {
      onPassed();
      return false;
    }
    const { copy, id, sql } = readAnnouncement(message.body);
    if (copy?.mark === 'begin') {
      if (copy.replaces) {
        // Before the table is there: from then on rows that are before the mark in other lanes have no meaning.
        const place = { stream, lane: this.#lane };
        await ledger.beginReplacement(session, place, table, id, countIn(message, 'lanes'));
        this.#memory.begun(stream, table, id);
      }
      await tables.create(session, table.database, table.table, sql);
      this.#options.onCopyBegun(`${table.database}.${table.table}`);
      return false;
    }
    if (copy?.replaces !== true) return false;
    work.notes.push(ledger.endReplacement(stream, this.#lane, table));
    await this.#commit(session, work);
    const begun = this.#memory.replacement(stream, table);
    const target = tables.sqlOf(table.database, table.table);
    if (begun !== undefined) await endReplacement(session, ledger, { stream, table, mark: begun.mark, target });
    return true;
  }

  /** Likewise. */
  async statement(session: Session, work: LaneWork, message: TopicMessage, mark: LaneMark): Promise<boolean> {
    const { ledger, statements, choice, onPassed, tables } = this.#options;
    const { stream, epoch } = mark;
    const { id, sql, names } = readAnnouncement(message.body);
    work.pass(message, mark);
    tables.forgetAll();
    const isOfOurs =
      names.length === 0 ||
      names.some(([database, table]) =>
        table === null ? choice.includesSomeOf(database) : choice.includes(database, table),
      );
    const mayRepeat = statements.mayRepeat(sql, names);
    if (!isOfOurs || (await statements.isPast(session, stream, { id, epoch, mayRepeat, names }))) {
      onPassed();
      return false;
    }
    const noted = { id, sql, names, lanes: countIn(message, 'lanes'), epoch };
    work.notes.push(ledger.statements.note(stream, noted, mayRepeat));
    work.waitFor(id);
    await this.#commit(session, work);
    await statements.waits(session, stream, { id, epoch });
    return true;
  }
}
