import type { FilePosition } from '../../binlog/binlog.ts';
import { isBefore } from '../../binlog/wire/binlog-file.ts';
import { GtidSet } from '../../binlog/gtids/gtid-set.ts';
import type { Notice, NoticeEvent, Notices, NoticesReadTo } from '../../checkpoint/checkpoint.ts';
import type { StartPosition } from '../../source/source.ts';

/** Subjects with a notice of their own; what comes beyond is counted together. */
const MAX_NOTICES = 50;
export const OTHERS = '(others)';

/** What happened, for the notice about `subject`. */
export interface News extends NoticeEvent {
  readonly about: Notice['about'];
  readonly subject: string;
}

/**
 * What an operator has to know, until it is acknowledged: tables whose copies differ, transactions that were skipped.
 * One notice a subject, and a bounded number of them. They are part of the checkpoint, so that a restart forgets none.
 */
export class NoticeBoard {
  readonly #serverUuid: string;
  /** Up to here everything was counted by the runs before. */
  readonly #countedTo: NoticesReadTo | undefined;
  #list: readonly Notice[];
  #newestId: number;
  /** Rises with every change. */
  version = 0;

  constructor(stored: Notices | undefined, serverUuid: string) {
    this.#serverUuid = serverUuid;
    this.#countedTo = stored?.readTo;
    this.#list = stored?.list ?? [];
    this.#newestId = stored?.newestId ?? 0;
  }

  /** The oldest first. */
  get list(): readonly Notice[] {
    return this.#list;
  }

  /**
   * What the checkpoint keeps, when the notices of everything up to `takenTo` were added; undefined when there never
   * was one.
   */
  stored(takenTo: () => StartPosition): Notices | undefined {
    if (this.#newestId === 0) return undefined;
    const { file, offset, gtidSet } = takenTo();
    const readTo = { serverUuid: this.#serverUuid, file, offset, ...(gtidSet !== undefined && { gtidSet }) };
    return { newestId: this.#newestId, list: this.#list, readTo };
  }

  /**
   * A transaction that is read again after a restart is not news, whether its notice is still there or was
   * acknowledged.
   */
  add({ about, subject, ...event }: News): void {
    if (this.#wasCounted(event)) return;
    const isFull = this.#list.filter((notice) => notice.subject !== OTHERS).length >= MAX_NOTICES;
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

  /**
   * By its GTID on every server; otherwise by its place, on the same one. (Of MariaDB's GTIDs only the last of each
   * domain is known: on another server of it, something may be counted once more.)
   */
  #wasCounted({ transaction, position }: NoticeEvent): boolean {
    const to = this.#countedTo;
    if (to === undefined) return false;
    const isMysqlGtid = transaction !== position && transaction.includes(':');
    if (isMysqlGtid && to.gtidSet !== undefined) return GtidSet.parse(to.gtidSet).contains(GtidSet.parse(transaction));
    return to.serverUuid === this.#serverUuid && isBefore(positionOf(position), to);
  }

  #find(about: Notice['about'], subject: string): Notice | undefined {
    return this.#list.find((notice) => notice.about === about && notice.subject === subject);
  }
}

const isSame = (a: NoticeEvent, b: NoticeEvent): boolean => a.transaction === b.transaction && a.what === b.what;

/** `place` is file:position. */
function positionOf(place: string): FilePosition {
  const colon = place.lastIndexOf(':');
  return { file: place.slice(0, colon), offset: Number(place.slice(colon + 1)) };
}
