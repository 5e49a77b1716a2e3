import type { LaneMark } from '../../topic/gate.ts';
import type { TopicMessage } from '../../topic/topic.ts';
import type { TableOfSource } from '../ledger/ledger.ts';
import { addMessage } from '../rows/add-message.ts';
import { rowsBegin } from '../rows/head.ts';
import { dataEnd, readChanges, readTail } from '../rows/tail.ts';
import type { Session } from '../target/target.ts';
import { newestChanges } from './change-ids.ts';
import { isLaterCopy } from './copy-order.ts';
import { countIn, hasInvalidText, tableOf } from './envelope.ts';
import { keyOf, type LaneMemory } from './lane-memory.ts';
import type { LaneWork } from './lane-work.ts';
import type { WriterOptions } from './writer-options.ts';

type Options = Pick<
  WriterOptions,
  'choice' | 'tables' | 'deletes' | 'ledger' | 'statements' | 'onPassed' | 'onAwaited'
>;

/** Adds the rows of messages of a lane to what its next transaction writes. */
export class LaneRows {
  readonly #options: Options;
  readonly #memory: LaneMemory;

  constructor(options: Options, memory: LaneMemory) {
    this.#options = options;
    this.#memory = memory;
  }

  async add(session: Session, work: LaneWork, message: TopicMessage, mark: LaneMark): Promise<void> {
    const { choice, tables, deletes, statements, onPassed } = this.#options;
    const { body, properties } = message;
    const table = tableOf(message);
    const isIgnored = deletes === 'ignore' && properties.get('kind') === 'DELETE';
    if (isIgnored || !choice.includes(table.database, table.table)) {
      onPassed();
      work.pass(message, mark);
      return;
    }
    // What a copy reads is of the time when it is read.
    const came = { table, epoch: mark.epoch, id: properties.get('last') ?? '' };
    if (!properties.has('copy') && (await statements.isBeforeRename(session, work.stream, came))) {
      onPassed();
      work.pass(message, mark);
      return;
    }
    const begin = rowsBegin(body);
    const planned = await tables.planned(session, body, begin);
    if (planned === undefined) {
      this.#options.onAwaited(`${table.database}.${table.table}`);
      work.pass(message, mark);
      return;
    }
    const { head, plan } = planned;
    const rows = { body, begin, head, plan, rows: countIn(message, 'rows'), hasInvalidText: hasInvalidText(message) };
    if (plan.key !== undefined) {
      // An exact copy replaces tables with a key as well: its rows are written over those of their key, and none is
      // removed.
      this.#removeOldRows(work, head, plan.sql, () => undefined);
      addMessage(work.statements, rows);
    } else {
      if (await this.#comesAnew(session, work.stream, table)) {
        onPassed();
        work.pass(message, mark);
        return;
      }
      const isWanted = await this.#notedChanges(session, work, message, head, begin);
      this.#removeOldRows(work, head, plan.sql, (sql) => work.statements.add(plan, sql, 0));
      if (isWanted !== 'none') addMessage(work.statements, rows, isWanted === 'all' ? undefined : isWanted);
      if (head.kind !== 'INSERT') work.searchedRows += rows.rows;
    }
    work.end(message, mark, readTail(body));
  }

  /** A copy of the table has begun in another lane, and this one has not come to it: then all rows come again. */
  async #comesAnew(session: Session, stream: string, table: TableOfSource): Promise<boolean> {
    const own = this.#memory.replacement(stream, table)?.mark;
    const marks = await this.#options.ledger.marks(session, stream, table);
    return marks.some((mark) => own === undefined || isLaterCopy(mark, own));
  }

  /** Which changes of a table without a key are new; what is written of it is noted. */
  async #notedChanges(
    session: Session,
    work: LaneWork,
    { properties, body }: TopicMessage,
    table: TableOfSource & { readonly source: string },
    begin: number,
  ): Promise<'all' | 'none' | ((row: number) => boolean)> {
    // Rows of a copy that come again have other ids, and replace what is there.
    if (properties.has('copy')) return 'all';
    const { ledger } = this.#options;
    const changes = readChanges(body, dataEnd(body, begin)).value;
    const { newest, places } = newestChanges(table.source, changes);
    const known = await ledger.changes(session, work.stream, table, [...newest.keys()]);
    work.notes.push(ledger.noteChanges(work.stream, table, newest, known));
    if (known.size === 0) return 'all';
    const isNew = (row: number): boolean => {
      const place = places[row];
      return place !== undefined && place.n > (known.get(place.transaction) ?? -1);
    };
    return changes.some((_, row) => isNew(row)) ? isNew : 'none';
  }

  /** The first rows of a table since a copy began that replaces it; `add` gets what removes the old ones. */
  #removeOldRows(work: LaneWork, table: TableOfSource, sqlName: string, add: (sql: string) => void): void {
    const key = keyOf(table);
    const replacement = this.#memory.replacement(work.stream, table);
    if (replacement === undefined || replacement.state === 'done' || work.replaced.has(key)) return;
    add(`DELETE FROM ${sqlName}`);
    work.notes.push(this.#options.ledger.finishReplacement(work.stream, table, replacement.mark));
    work.replaced.add(key);
  }
}
