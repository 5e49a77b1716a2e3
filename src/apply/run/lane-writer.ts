import { RelayError } from '../../base/errors.ts';
import { gapError, judge, markOf, type LaneMark, type LanePosition } from '../../topic/gate.ts';
import type { TopicMessage } from '../../topic/topic.ts';
import type { ApplyConfig } from '../../config/config.ts';
import { tableKey, type LaneState, type Ledger, type Replacement, type TableOfSource } from '../ledger/ledger.ts';
import { addMessage } from '../rows/add-message.ts';
import { rowsBegin } from '../rows/head.ts';
import { dataEnd, readChanges, readTail } from '../rows/tail.ts';
import type { Tables } from '../tables/tables.ts';
import type { Session } from '../target/target.ts';
import { readAnnouncement } from './announcement.ts';
import { newestChanges } from './change-ids.ts';
import { commit } from './commit.ts';
import { isLaterCopy } from './copy-order.ts';
import { countIn, hasInvalidText, kindOf, tableOf } from './envelope.ts';
import { LaneWork } from './lane-work.ts';
import { placed } from './placed-error.ts';
import { readProgress } from './progress.ts';
import { endReplacement } from './replacement.ts';
import { isResumeProved } from './resume.ts';
import type { MetStatements } from './met-statements.ts';
import type { Written } from './status.ts';
import type { Standing, Streams } from './streams.ts';
import type { TableChoice } from './table-choice.ts';

/** What all lanes share. */
export interface WriterOptions {
  readonly ledger: Ledger;
  readonly streams: Streams;
  readonly tables: Tables;
  readonly choice: TableChoice;
  readonly deletes: ApplyConfig['deletes'];
  readonly statements: MetStatements;
  readonly onCommitted: (lane: string, state: LaneState, written: Written) => void;
  readonly onDropped: () => void;
  readonly onPassed: () => void;
  /** A table is missing, and will be made when a copy of it begins: its rows are passed over until then. */
  readonly onAwaited: (table: string) => void;
  readonly onCopyBegun: (table: string) => void;
}

/** Bounds of one transaction: beyond them it is committed and another begins. */
const MAX_BYTES = 4 << 20;
const MAX_ROWS = 10_000;
/** Rows of a table without a key are looked for one by one, each perhaps through the whole table. */
const MAX_SEARCHED_ROWS = 200;

/** Writes the messages of one lane, in order. Of several calls only one may be under way. */
export class LaneWriter {
  readonly #lane: string;
  readonly #options: WriterOptions;
  /** By stream; as committed. Forgotten when that is not sure. */
  #states = new Map<string, LaneState>();
  #replacements = new Map<string, Map<string, Pick<Replacement, 'mark' | 'state'>>>();

  constructor(lane: string, options: WriterOptions) {
    this.#lane = lane;
    this.#options = options;
  }

  /**
   * Writes what is new of the messages. Returns how many of them, from the first on, are done: fewer than there are
   * when the lane waits at a statement. Throws RelayErrors; what is written by then is in the ledger, nothing is
   * half done.
   */
  async write(session: Session, messages: readonly TopicMessage[]): Promise<number> {
    try {
      return await this.#write(session, messages, false);
    } catch (thrown) {
      this.#forget();
      const mayBeOfOneMessage =
        thrown instanceof RelayError &&
        (thrown.code === 'ROW_MISSING' || (!thrown.retryable && thrown.code !== 'STATEMENT_MET'));
      if (!mayBeOfOneMessage || session.isOver || messages.length === 1) throw thrown;
    }
    // Once more, each message by itself: those before the one that the error is of are written, and the error names it.
    try {
      return await this.#write(session, messages, true);
    } catch (thrown) {
      this.#forget();
      throw thrown;
    }
  }

  #forget(): void {
    this.#states = new Map();
    this.#replacements = new Map();
  }

  async #write(session: Session, messages: readonly TopicMessage[], isOneByOne: boolean): Promise<number> {
    let work: LaneWork | undefined;
    for (const [i, message] of messages.entries()) {
      try {
        const mark = markOf(message);
        const standing = await this.#options.streams.standing(session, mark.stream, this.#lane);
        if (work === undefined || work.stream !== mark.stream) work = await this.#next(session, work, mark);
        if (!this.#isNew(message, mark, work.to, standing)) {
          this.#options.onDropped();
          continue;
        }
        const { waitsFor } = work.to;
        if (waitsFor !== undefined && (await this.#waits(session, work, waitsFor))) return i;
        // What is known of changes that come again is what is committed.
        const isNewEpoch = mark.epoch !== work.to.epoch;
        if (isNewEpoch || isOneByOne || work.isFull(MAX_BYTES, MAX_ROWS, MAX_SEARCHED_ROWS)) {
          work = await this.#next(session, work, mark);
        }
        work = await this.#add(session, work, message, mark);
        if (isOneByOne) work = await this.#next(session, work, mark);
      } catch (thrown) {
        throw placed(thrown, message);
      }
    }
    if (work !== undefined) await this.#commit(session, work);
    return messages.length;
  }

  /** Commits the work, and begins another. */
  async #next(session: Session, work: LaneWork | undefined, { stream }: LaneMark): Promise<LaneWork> {
    if (work !== undefined) await this.#commit(session, work);
    return new LaneWork(stream, await this.#state(session, stream));
  }

  async #state(session: Session, stream: string): Promise<LaneState> {
    const known = this.#states.get(stream);
    if (known !== undefined) return known;
    const { ledger, tables } = this.#options;
    const state = await ledger.lane(session, stream, this.#lane);
    const replacements = await ledger.replacements(session, stream, this.#lane);
    for (const { table, mark, state: of } of replacements) {
      const target = tables.sqlOf(table.database, table.table);
      if (of === 'ended') await endReplacement(session, ledger, { stream, table, mark, target });
    }
    this.#replacements.set(stream, new Map(replacements.map((each) => [keyOf(each.table), each])));
    this.#states.set(stream, state);
    return state;
  }

  /** False for what is to be dropped. */
  #isNew(message: TopicMessage, mark: LaneMark, state: LaneState, standing: Standing): boolean {
    const known: LanePosition | undefined = state.epoch === 0 && state.sequence === 0 ? undefined : state;
    const verdict = judge(known, mark);
    switch (verdict.is) {
      case 'new':
      case 'epoch':
        if (standing === 'past') throw this.#options.streams.foreign(mark.stream);
        return true;
      case 'repeat':
      case 'stale':
        return false;
      case 'gap':
        throw gapError(message, mark, state, verdict.due);
      case 'first':
        if (mark.sequence === 1 || this.#options.streams.current?.fromHere === true) return true;
        throw new RelayError(
          'TOPIC_GAP',
          `the lane begins with message ${mark.sequence} of epoch ${mark.epoch}: what was before is not in the topic any more`,
          { remedy: 'Start once with --from-here, and have the tables copied: binlog-relay copy <database>.<table>.' },
        );
    }
  }

  /** Adds the message to the work, or commits that and begins another. */
  async #add(session: Session, work: LaneWork, message: TopicMessage, mark: LaneMark): Promise<LaneWork> {
    switch (kindOf(message)) {
      case 'rows':
        await this.#addRows(session, work, message, mark);
        return work;
      case 'progress':
        work.say(message, mark, readProgress(message, mark.epoch));
        return work;
      case 'copy-mark':
        return this.#copyMark(session, await this.#next(session, work, mark), message, mark);
      case 'statement':
        return this.#statement(session, await this.#next(session, work, mark), message, mark);
    }
  }

  async #addRows(session: Session, work: LaneWork, message: TopicMessage, mark: LaneMark): Promise<void> {
    const { choice, tables, deletes, onPassed } = this.#options;
    const { body, properties } = message;
    const table = tableOf(message);
    const isIgnored = deletes === 'ignore' && properties.get('kind') === 'DELETE';
    if (isIgnored || !choice.includes(table.database, table.table)) {
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
    const own = this.#replacements.get(stream)?.get(keyOf(table))?.mark;
    const marks = await this.#options.ledger.marks(session, stream, table);
    return marks.some((mark) => own === undefined || isLaterCopy(mark, own));
  }

  /** Which changes of a table without a key are new; what is written of it is noted. */
  async #notedChanges(
    session: Session,
    work: LaneWork,
    { properties, body }: TopicMessage,
    table: { readonly database: string; readonly table: string; readonly source: string },
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
  #removeOldRows(
    work: LaneWork,
    table: { readonly database: string; readonly table: string },
    sqlName: string,
    add: (sql: string) => void,
  ): void {
    const key = keyOf(table);
    const replacement = this.#replacements.get(work.stream)?.get(key);
    if (replacement === undefined || replacement.state === 'done' || work.replaced.has(key)) return;
    add(`DELETE FROM ${sqlName}`);
    work.notes.push(this.#options.ledger.finishReplacement(work.stream, table, replacement.mark));
    work.replaced.add(key);
  }

  async #copyMark(session: Session, work: LaneWork, message: TopicMessage, mark: LaneMark): Promise<LaneWork> {
    const { ledger, tables, choice, onPassed } = this.#options;
    const { stream } = mark;
    const table = tableOf(message);
    work.pass(message, mark);
    if (!choice.includes(table.database, table.table)) {
      onPassed();
      return work;
    }
    const { copy, id, sql } = readAnnouncement(message.body);
    if (copy?.mark === 'begin') {
      if (copy.replaces) {
        // Before the table is there: from then on rows that are before the mark in other lanes have no meaning.
        const place = { stream, lane: this.#lane };
        await ledger.beginReplacement(session, place, table, id, countIn(message, 'lanes'));
        this.#replacements.get(stream)?.set(keyOf(table), { mark: id, state: 'begun' });
      }
      await tables.create(session, table.database, table.table, sql);
      this.#options.onCopyBegun(`${table.database}.${table.table}`);
    } else if (copy?.replaces === true) {
      work.notes.push(ledger.endReplacement(stream, this.#lane, table));
      await this.#commit(session, work);
      const begun = this.#replacements.get(stream)?.get(keyOf(table));
      const target = tables.sqlOf(table.database, table.table);
      if (begun !== undefined) await endReplacement(session, ledger, { stream, table, mark: begun.mark, target });
      return this.#next(session, undefined, mark);
    }
    return work;
  }

  async #statement(session: Session, work: LaneWork, message: TopicMessage, mark: LaneMark): Promise<LaneWork> {
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
    if (!isOfOurs || (await statements.isPast(session, stream, { id, epoch, mayRepeat }))) {
      onPassed();
      return work;
    }
    const noted = { id, sql, names, lanes: countIn(message, 'lanes'), epoch };
    work.notes.push(ledger.statements.note(stream, noted, mayRepeat));
    work.waitFor(id);
    await this.#commit(session, work);
    await statements.waits(session, stream, { id, epoch });
    return this.#next(session, undefined, mark);
  }

  #waits(session: Session, { stream, to: { epoch } }: LaneWork, id: string): Promise<boolean> {
    return this.#options.statements.waits(session, stream, { id, epoch });
  }

  async #commit(session: Session, work: LaneWork): Promise<void> {
    if (work.isEmpty) return;
    const { ledger, onCommitted } = this.#options;
    try {
      await commit(session, {
        move: ledger.moveLane(work.stream, this.#lane, work.from, work.to),
        notes: work.notes,
        statements: work.statements.take(),
      });
    } catch (thrown) {
      throw work.only === undefined ? thrown : placed(thrown, work.only);
    }
    work.statements.recycle();
    this.#states.set(work.stream, work.to);
    for (const key of work.replaced) {
      const replacements = this.#replacements.get(work.stream);
      const replacement = replacements?.get(key);
      if (replacement !== undefined) replacements?.set(key, { mark: replacement.mark, state: 'done' });
    }
    const { stream, from, resume, messages } = work;
    // Before the first message of all there is nothing to compare with.
    const isProved = resume === undefined || from.sequence === 0 ? undefined : isResumeProved(from.progress, resume);
    onCommitted(this.#lane, work.to, { stream, rows: work.statements.rows, messages, isResumeProved: isProved });
  }
}

const keyOf = ({ database, table }: TableOfSource): string => tableKey(database, table);
