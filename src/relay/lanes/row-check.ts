import { noGtids } from '../../binlog/gtids/gtids.ts';
import type { ColumnSet } from '../../binlog/rows/row-compiler.ts';
import type { RowChange } from '../../change/change.ts';
import { Segment } from '../progress/low-water-mark.ts';
import { Message, type MessageSizes } from './message.ts';
import type { MessageClass } from '../tables/table-plan.ts';
import type { PublishPolicy } from '../tables/publish-policy.ts';
import type { RowTaker } from '../tables/row-reader.ts';
import { rowTooLarge } from './row-too-large.ts';

/**
 * Finds out whether rows can be published: writes each into a message that is never sent. It takes the memory of one
 * row.
 */
export class RowCheck implements RowTaker {
  readonly #sizes: MessageSizes;
  readonly #oversize: PublishPolicy['oversize'];
  #message: Message | undefined;

  constructor(sizes: MessageSizes, oversize: PublishPolicy['oversize']) {
    this.#sizes = sizes;
    this.#oversize = oversize;
  }

  /** Throws what the outbox would throw. */
  add(messageClass: MessageClass, change: RowChange, changed: ColumnSet | undefined): void {
    const message = this.#messageOf(messageClass);
    const tooManyBytes = message.add(change, changed);
    message.takeBack(change.serial);
    if (tooManyBytes === undefined) return;
    const { plan, kind, source } = messageClass;
    if (this.#oversize === 'fail' || plan.isSkeleton)
      throw rowTooLarge(plan, change, tooManyBytes, this.#sizes.maxBytes);
    this.add(plan.skeleton.classes.of(kind, source, changed), change, changed);
  }

  takeBack(): void {
    // Nothing stays.
  }

  #messageOf(messageClass: MessageClass): Message {
    if (this.#message?.class === messageClass) return this.#message;
    this.#message?.data.recycle();
    this.#message?.recycleNotes();
    this.#message = new Message(messageClass, 0, NO_SEGMENT, { bytes: 0 }, this.#sizes);
    return this.#message;
  }
}

const NO_SEGMENT = new Segment(0, '', 0, noGtids('mysql'));
