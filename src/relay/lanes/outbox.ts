import { RelayError } from '../../base/errors.ts';
import type { HeldBytes } from '../../base/growing-bytes.ts';
import type { ColumnSet } from '../../binlog/rows/row-compiler.ts';
import type { RowChange } from '../../change/change.ts';
import type { CopyMark, Progress, PublishedDdl } from '../../format/format.ts';
import { messageKey } from '../../format/properties.ts';
import type { PublishPolicy } from '../tables/publish-policy.ts';
import type { RowTaker } from '../tables/row-reader.ts';
import type { MessageClass } from '../tables/table-plan.ts';
import { announcedDdl, announcedMark, announcedProgress } from './announced.ts';
import { Barrier } from './barrier.ts';
import { Delivery, type DeliveryOptions } from './delivery.ts';
import { Lane } from './lane.ts';
import { Message, messageSizes, type MessageSizes } from './message.ts';
import { MessageKeys } from './message-keys.ts';
import { rowTooLarge } from './row-too-large.ts';
import { Turns } from './turns.ts';

export interface OutboxOptions extends Omit<DeliveryOptions, 'held'> {
  readonly laneNames: readonly string[];
  /** Size at which a message takes no more rows. */
  readonly messageBytes: number;
  /** The largest body that the sink takes. */
  readonly maxBodyBytes: number;
  readonly oversize: PublishPolicy['oversize'];
  /** Infinity: no limit. */
  readonly requestsPerSecond: number;
  readonly messageKeys: 'auto' | 'all' | 'none';
  /** A statement, or a mark of a copy, was acknowledged in each lane that carries it: reading may go on. */
  readonly onPassable: () => void;
}

/** `messageKeys: auto`: up to this many rows a message, since keys cost as much as the rows of a large one. */
const AUTO_KEY_ROWS = 32;
/** RocketMQ takes 16 KiB of tag, keys and properties together. Beyond half of that a message carries no keys. */
const MAX_KEYS_BYTES = 8 << 10;

/** All lanes of a run: takes rows and writes each into a message of its lane. The lanes send the messages. */
export class Outbox implements RowTaker {
  /** What all messages occupy, open, waiting and in flight. */
  readonly held: HeldBytes = { bytes: 0 };
  readonly lanes: readonly Lane[];
  readonly #options: OutboxOptions;
  readonly #delivery: Delivery;
  readonly #barrier: Barrier;
  /** `lanes`, and the one of statements. */
  readonly #allLanes: readonly Lane[];
  readonly #sizes: MessageSizes;
  readonly #maxKeys: number;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#sizes = messageSizes(options);
    this.#maxKeys = { auto: AUTO_KEY_ROWS, all: Number.MAX_SAFE_INTEGER, none: 0 }[options.messageKeys];
    const delivery = new Delivery({ ...options, held: this.held });
    this.#delivery = delivery;
    const laneOptions = {
      delivery,
      turns: new Turns({ ...options, isUrgent: () => this.isBlocked }),
      onAdvanced: () => {
        this.#barrier.advance();
      },
    };
    this.lanes = options.laneNames.map((name) => new Lane(name, laneOptions));
    const own = options.ddl === undefined ? [] : [new Lane(options.ddl.laneName, laneOptions)];
    this.#allLanes = [...this.lanes, ...own];
    this.#barrier = new Barrier({
      lanes: this.lanes,
      ddlLanes: own.length > 0 ? own : this.lanes,
      lowWater: options.lowWater,
      held: this.held,
      delivery,
      onOpened: options.onPassable,
    });
  }

  /**
   * Packs one row change; `changed` are the changed columns of an update. Throws ROW_TOO_LARGE for a row that no
   * message can hold.
   */
  add(messageClass: MessageClass, change: RowChange, changed: ColumnSet | undefined): void {
    const { row } = change;
    const lane = this.lanes[row.laneHash % this.lanes.length];
    if (lane === undefined) throw new RelayError('INTERNAL', 'an outbox without lanes');
    const { key } = messageClass.plan;
    const imageBytes = change.end - change.before;
    const message = lane.packer.find(messageClass, row, key, imageBytes) ?? this.#begin(lane, messageClass, change);
    const tooManyBytes = message.add(change, changed);
    if (tooManyBytes === undefined) this.#joined(lane, message, change);
    else this.#addLarge(lane, message, change, changed, tooManyBytes);
  }

  /** A message for the change at the end of the lane, which holds the low-water mark from now on. */
  #begin({ packer }: Lane, messageClass: MessageClass, { transaction }: RowChange): Message {
    const { lowWater, clock } = this.#options;
    const segment = lowWater.hold(transaction.commitTimeMs);
    const message = new Message(messageClass, packer.nextNumber, segment, this.held, this.#sizes);
    message.openedMs = clock.monotonic();
    if (this.#maxKeys > 0) message.keys = new MessageKeys();
    packer.begin(messageClass, message);
    return message;
  }

  #joined({ packer }: Lane, message: Message, { row, image }: RowChange): void {
    const { key } = message.class.plan;
    packer.joined(message, row, key);
    if (message.keys === undefined || key.isEmpty) return;
    message.keys.add(messageKey(key.text(image)));
    if (message.rows > this.#maxKeys || message.keys.sizeBytes > MAX_KEYS_BYTES) message.keys = undefined;
  }

  /**
   * The row did not fit into `message`: it gets one of its own, and if it does not fit even there, its skeleton does.
   */
  #addLarge(
    lane: Lane,
    { class: messageClass, rows }: Message,
    change: RowChange,
    changed: ColumnSet | undefined,
    bytes: number,
  ): void {
    if (rows > 0) {
      const own = this.#begin(lane, messageClass, change);
      const tooManyBytes = own.add(change, changed);
      if (tooManyBytes === undefined) this.#joined(lane, own, change);
      else this.#addLarge(lane, own, change, changed, tooManyBytes);
      return;
    }
    const { plan, kind, source } = messageClass;
    const { oversize, maxBodyBytes } = this.#options;
    if (oversize === 'fail' || plan.isSkeleton) throw rowTooLarge(plan, change, bytes, maxBodyBytes);
    this.add(plan.skeleton.classes.of(kind, source, changed), change, changed);
  }

  /**
   * Takes out what was added of the transaction with this serial, the last of which anything was. None of it may have
   * been sent.
   */
  takeBack(serial: number): void {
    for (const { packer } of this.lanes) for (const message of packer.messages) message.takeBack(serial);
  }

  /**
   * Publishes a statement after everything that was added, and before everything that will be: nothing may be until
   * `isBlocked` is false.
   */
  announce(ddl: PublishedDdl): void {
    this.#barrier.close(announcedDdl(ddl, this.#options.format));
  }

  /** Says in every lane where the copy of a table begins or ends; otherwise as `announce`. */
  mark(mark: CopyMark): void {
    this.#barrier.close(announcedMark(mark, this.#options.format));
  }

  /**
   * Says in every lane that everything that was added to it is before this message, and everything that will be
   * behind it. Only while not `isBlocked`, and never between the rows of a transaction. Nothing waits for it. A lane
   * whose last one is still between rows that are not sent leaves it out; all do if no message can hold the set.
   */
  say(progress: Progress): void {
    const announced = announcedProgress(progress, this.#options.format);
    if (announced.sizeBytes > this.#sizes.maxBytes) return;
    const { lanes } = this;
    for (const lane of lanes)
      lane.say((sequence) => this.#delivery.progress(lane.name, announced, sequence, lanes.length));
  }

  get isBlocked(): boolean {
    return this.#barrier.isClosed;
  }

  /** What the socket had was taken: idle lanes send what they hold. */
  flush(): void {
    for (const lane of this.lanes) lane.pump();
  }

  get isEmpty(): boolean {
    return this.#allLanes.every((lane) => lane.isEmpty);
  }

  /** Waiting brings nothing more: every lane is empty, or its message was refused for good. */
  get isSettled(): boolean {
    return this.#allLanes.every((lane) => lane.isSettled);
  }
}
