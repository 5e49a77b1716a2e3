import type { Notice, NoticeEvent, Notices } from '../checkpoint/checkpoint.ts';

/** Subjects with a notice of their own; what comes beyond is counted together. */
const MOST_NOTICES = 50;
export const OTHERS = '(others)';

/** What happened, for the notice about `subject`. */
export interface News extends NoticeEvent {
  readonly about: Notice['about'];
  readonly subject: string;
}

/**
 * What an operator has to know until he says that he does: tables whose copies differ, transactions that were skipped. One notice a subject, and a
 * bounded number of them. They are part of the checkpoint, so that a restart forgets none.
 */
export class NoticeBoard {
  #list: readonly Notice[];
  #newestId: number;
  /** Rises with every change. */
  version = 0;

  constructor(stored: Notices | undefined) {
    this.#list = stored?.list ?? [];
    this.#newestId = stored?.newestId ?? 0;
  }

  /** The oldest first. */
  get list(): readonly Notice[] {
    return this.#list;
  }

  /** What the checkpoint keeps; undefined when there never was one. */
  get stored(): Notices | undefined {
    return this.#newestId === 0 ? undefined : { newestId: this.#newestId, list: this.#list };
  }

  /** A transaction that is read again after a restart is not news: at least its first and its newest are known again. */
  add({ about, subject, ...event }: News): void {
    const isFull = this.#list.filter((notice) => notice.subject !== OTHERS).length >= MOST_NOTICES;
    const known = this.#find(about, subject) ?? (isFull ? this.#find(about, OTHERS) : undefined);
    if (known !== undefined && (isSame(known.first, event) || isSame(known.last, event))) return;
    this.version += 1;
    this.#newestId += 1;
    // What is acknowledged by its id is what was seen: a notice that goes on gets another one.
    const id = String(this.#newestId);
    const next: Notice =
      known === undefined
        ? { id, about, subject: isFull ? OTHERS : subject, count: 1, first: event, last: event }
        : { ...known, id, count: known.count + 1, last: event };
    this.#list =
      known === undefined ? [...this.#list, next] : this.#list.map((notice) => (notice === known ? next : notice));
  }

  /** Takes away the notices with these ids, or all. Returns those that were there. */
  acknowledge(ids: readonly string[] | 'all'): readonly Notice[] {
    const gone = this.#list.filter(({ id }) => ids === 'all' || ids.includes(id));
    if (gone.length === 0) return gone;
    this.version += 1;
    this.#list = this.#list.filter((notice) => !gone.includes(notice));
    return gone;
  }

  #find(about: Notice['about'], subject: string): Notice | undefined {
    return this.#list.find((notice) => notice.about === about && notice.subject === subject);
  }
}

const isSame = (a: NoticeEvent, b: NoticeEvent): boolean => a.transaction === b.transaction && a.what === b.what;
