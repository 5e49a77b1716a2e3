import { RelayError } from '../../base/errors.ts';
import { markOf, type LaneMark } from '../../topic/gate.ts';
import type { TopicMessage } from '../../topic/topic.ts';
import type { Session } from '../target/target.ts';
import { commit } from './commit.ts';
import { kindOf } from './envelope.ts';
import { LaneAnnouncements } from './lane-announcements.ts';
import { isNew } from './lane-gate.ts';
import { LaneMemory } from './lane-memory.ts';
import { LaneRows } from './lane-rows.ts';
import { LaneWork } from './lane-work.ts';
import { placed } from './placed-error.ts';
import { readProgress } from './progress.ts';
import { isResumeProved } from './resume.ts';
import type { WriterOptions } from './writer-options.ts';

/** Bounds of one transaction: beyond them it is committed and another begins. */
const MAX_BYTES = 4 << 20;
const MAX_ROWS = 10_000;
/** Rows of a table without a key are looked for one by one, each perhaps through the whole table. */
const MAX_SEARCHED_ROWS = 200;

/** Writes the messages of one lane, in order. Of several calls only one may be under way. */
export class LaneWriter {
  readonly #lane: string;
  readonly #options: WriterOptions;
  readonly #memory: LaneMemory;
  readonly #rows: LaneRows;
  readonly #announcements: LaneAnnouncements;

  constructor(lane: string, options: WriterOptions) {
    this.#lane = lane;
    this.#options = options;
    this.#memory = new LaneMemory(lane, options);
    this.#rows = new LaneRows(options, this.#memory);
    this.#announcements = new LaneAnnouncements(lane, options, this.#memory, (session, work) =>
      this.#commit(session, work),
    );
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
      this.#memory.forget();
      const mayBeOfOneMessage =
        thrown instanceof RelayError &&
        (thrown.code === 'ROW_MISSING' || (!thrown.retryable && thrown.code !== 'STATEMENT_MET'));
      if (!mayBeOfOneMessage || session.isOver || messages.length === 1) throw thrown;
    }
    // Once more, each message by itself: those before the one that the error is of are written, and the error names it.
    try {
      return await this.#write(session, messages, true);
    } catch (thrown) {
      this.#memory.forget();
      throw thrown;
    }
  }

  async #write(session: Session, messages: readonly TopicMessage[], isOneByOne: boolean): Promise<number> {
    const { streams, onDropped } = this.#options;
    let work: LaneWork | undefined;
    for (const [i, message] of messages.entries()) {
      try {
        const mark = markOf(message);
        const standing = await streams.standing(session, mark.stream, this.#lane);
        if (work === undefined || work.stream !== mark.stream) work = await this.#next(session, work, mark);
        if (!isNew(message, mark, { state: work.to, standing, streams })) {
          onDropped();
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
    return new LaneWork(stream, await this.#memory.state(session, stream));
  }

  /** Adds the message to the work, or commits that and begins another. */
  async #add(session: Session, work: LaneWork, message: TopicMessage, mark: LaneMark): Promise<LaneWork> {
    const kind = kindOf(message);
    switch (kind) {
      case 'rows':
        await this.#rows.add(session, work, message, mark);
        return work;
      case 'progress':
        work.say(message, mark, readProgress(message, mark.epoch));
        return work;
      case 'copy-mark':
      case 'statement': {
        const own = await this.#next(session, work, mark);
        const isCommitted =
          kind === 'statement'
            ? await this.#announcements.statement(session, own, message, mark)
            : await this.#announcements.copyMark(session, own, message, mark);
        return isCommitted ? this.#next(session, undefined, mark) : own;
      }
    }
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
    this.#memory.committed(work);
    const { stream, from, resume, messages } = work;
    // Before the first message of all there is nothing to compare with.
    const isProved = resume === undefined || from.sequence === 0 ? undefined : isResumeProved(from.progress, resume);
    onCommitted(this.#lane, work.to, { stream, rows: work.statements.rows, messages, isResumeProved: isProved });
  }
}
