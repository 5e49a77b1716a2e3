import { RelayError } from '../base/errors.ts';
import type { HeldBytes } from '../base/growing-bytes.ts';
import { serverGtid } from '../binlog/gtids.ts';
import type { ColumnSet } from '../binlog/row-compiler.ts';
import type { RowChange } from '../change/change.ts';
import { propertiesOf } from '../format/envelope.ts';
import type { Format, MarkName, PublishedDdl } from '../format/format.ts';
import { messageKey } from '../format/properties.ts';
import type { OutboundMessage, Sink } from '../sink/sink.ts';
import { DdlBarrier } from './ddl-barrier.ts';
import { deliver, type DeliveryOptions } from './delivery.ts';
import { Lane, type LaneActions } from './lane.ts';
import type { LowWaterMark } from './low-water-mark.ts';
import { Message } from './message.ts';
import { MessageKeys } from './message-keys.ts';
import type { MessageClass } from './message-class.ts';
import { Pacer } from './pacer.ts';
import type { PublishPolicy } from './publish-policy.ts';
import { rowTooLarge } from './row-too-large.ts';

export interface OutboxOptions extends DeliveryOptions {
  readonly sink: Sink;
  /** Where statements go when not into every lane, and the lane there. */
  readonly ddl?: { readonly sink: Sink; readonly laneName: string } | undefined;
  readonly format: Format;
  readonly laneNames: readonly string[];
  readonly mark: LowWaterMark;
  /** See Checkpoint. */
  readonly stream: string;
  readonly epoch: number;
  /** The checkpoint that this epoch started from, in words. */
  readonly resume: string;
  /** Size at which a message takes no more rows. */
  readonly messageBytes: number;
  /** The largest body that the sink takes. */
  readonly mostBodyBytes: number;
  readonly oversize: PublishPolicy['oversize'];
  /** Infinity: no limit. */
  readonly requestsPerSecond: number;
  readonly messageKeys: 'auto' | 'all' | 'none';
  readonly onAcknowledged: (message: Acknowledged, bodyBytes: number) => void;
  /** A statement was acknowledged in each lane that carries it: reading may go on. */
  readonly onPassable: () => void;
  /** A message is about to be sent whose rows are not whole, or not all as they should be. */
  readonly onMarked: (message: Message, marks: readonly MarkName[]) => void;
}

export type Acknowledged = Pick<Message, 'rows' | 'commitTimeMs'>;

/** `messageKeys: auto`: up to this many rows a message, since keys cost as much as the rows of a large one. */
const AUTO_KEY_ROWS = 32;
/** RocketMQ takes 16 KiB of tag, keys and properties together. Beyond half of that a message carries no keys. */
const MOST_KEYS_BYTES = 8 << 10;

/** Rows that were committed so long ago are a backlog's. Some servers give the time in whole seconds. */
const BACKLOG_MS = 2000;
/** Nothing beside that, and enough for a lane's message to fill at full speed. */
const PATIENCE_MS = 20;

/** All lanes of a run: takes rows, packs them, sends messages, and releases the low-water mark as they are acknowledged. */
export class Outbox {
  /** What all messages occupy, open, waiting and in flight. */
  readonly held: HeldBytes = { bytes: 0 };
  readonly lanes: readonly Lane[];
  readonly #options: OutboxOptions;
  readonly #barrier: DdlBarrier;
  /** `lanes`, and the one of statements. */
  readonly #allLanes: readonly Lane[];
  readonly #mostKeys: number;
  /** Of the transaction whose rows are being added. */
  #commitTimeMs = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#mostKeys = { auto: AUTO_KEY_ROWS, all: Number.MAX_SAFE_INTEGER, none: 0 }[options.messageKeys];
    const pacer = new Pacer(options.requestsPerSecond, options.clock);
    const sizes = { fullBytes: options.messageBytes, mostBytes: options.mostBodyBytes };
    const actions: LaneActions = {
      create: (messageClass, number) => {
        const segment = options.mark.hold(this.#commitTimeMs);
        const message = new Message(messageClass, number, segment, this.held, sizes);
        message.openedMs = options.clock.monotonic();
        if (this.#mostKeys > 0) message.keys = new MessageKeys();
        return message;
      },
      discard: (message) => {
        message.recycleNotes();
        this.#release(message, true);
      },
      deliver: (lane, message, sequence) => this.#deliver(lane, message, sequence),
      advanced: () => {
        this.#barrier.advance();
      },
      takeTurn: (only) => Math.max(pacer.takeTurn(), only === undefined ? 0 : this.#patienceMs(only)),
      wait: (ms) => options.clock.sleep(ms, options.giveUp),
    };
    this.lanes = options.laneNames.map((name) => new Lane(name, actions));
    const own = options.ddl === undefined ? [] : [new Lane(options.ddl.laneName, actions)];
    this.#allLanes = [...this.lanes, ...own];
    this.#barrier = new DdlBarrier({
      lanes: this.lanes,
      ddlLanes: own.length > 0 ? own : this.lanes,
      mark: options.mark,
      held: this.held,
      deliver: (lane, ddl, sequence) => this.#deliverDdl(lane, ddl, sequence),
      onOpened: options.onPassable,
    });
  }

  /** Packs one row change; `changed` are the changed columns of an update. Throws ROW_TOO_LARGE for a row that no message can hold. */
  add(messageClass: MessageClass, change: RowChange, changed: ColumnSet | undefined): void {
    this.#commitTimeMs = change.transaction.commitTimeMs;
    const lane = this.lanes[change.row.laneHash % this.lanes.length];
    if (lane === undefined) throw new RelayError('INTERNAL', 'an outbox without lanes');
    const message = lane.messageFor(messageClass, change.row, change.end - change.before);
    const tooManyBytes = message.add(change, changed);
    if (tooManyBytes === undefined) this.#addKey(message, change);
    else this.#addLarge(lane, message, change, changed, tooManyBytes);
  }

  /** The row did not fit into `message`: it gets one of its own, and if it does not fit even there, its skeleton does. */
  #addLarge(
    lane: Lane,
    { class: messageClass, rows }: Message,
    change: RowChange,
    changed: ColumnSet | undefined,
    bytes: number,
  ): void {
    const { plan, kind, source } = messageClass;
    if (rows > 0) {
      const own = lane.messageFor(messageClass, change.row, Number.MAX_SAFE_INTEGER);
      const tooManyBytes = own.add(change, changed);
      if (tooManyBytes === undefined) this.#addKey(own, change);
      else this.#addLarge(lane, own, change, changed, tooManyBytes);
      return;
    }
    const { oversize, mostBodyBytes } = this.#options;
    if (oversize === 'fail' || plan.isSkeleton) throw rowTooLarge(plan, change, bytes, mostBodyBytes);
    this.add(plan.skeleton.classes.of(kind, source, changed), change, changed);
  }

  #addKey(message: Message, change: RowChange): void {
    const { key } = message.class.plan;
    if (message.keys === undefined || key.isEmpty) return;
    message.keys.add(messageKey(key.text(change.image)));
    if (message.rows > this.#mostKeys || message.keys.sizeBytes > MOST_KEYS_BYTES) message.keys = undefined;
  }

  /** Publishes a statement behind everything that was added, and before everything that will be: nothing may be until `isBlocked` is false. */
  announce(ddl: PublishedDdl): void {
    this.#barrier.close(ddl);
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

  /** How long the only message of a lane should wait for more rows: in a backlog they come in a moment, and nobody waits for these. */
  #patienceMs(message: Message): number {
    const { clock } = this.#options;
    if (message.rows === 0 || !message.hasRoomFor(0) || this.isBlocked) return 0;
    if (clock.now() - message.commitTimeMs < BACKLOG_MS) return 0;
    return Math.max(message.openedMs + PATIENCE_MS - clock.monotonic(), 0);
  }

  #deliver(lane: Lane, message: Message, sequence: number): Promise<void> {
    const seal = (): OutboundMessage => this.#seal(lane, message, sequence);
    const acknowledged = (bodyBytes: number, isBodyFree: boolean): void => {
      this.#release(message, isBodyFree);
      this.#options.onAcknowledged(message, bodyBytes);
    };
    return deliver(this.#options.sink, seal, acknowledged, this.#options);
  }

  #deliverDdl(lane: Lane, ddl: PublishedDdl, sequence: number): Promise<void> {
    const { sink, ddl: own, onAcknowledged } = this.#options;
    const seal = (): OutboundMessage => this.#sealDdl(lane, ddl, sequence);
    const acknowledged = (bodyBytes: number): void => {
      onAcknowledged({ rows: 0, commitTimeMs: ddl.commitTimeMs }, bodyBytes);
    };
    return deliver(own?.sink ?? sink, seal, acknowledged, this.#options);
  }

  /** The low-water mark may pass it, and its body is not held any more. `isBodyFree`: nobody can still be reading it. */
  #release({ segment, data }: Message, isBodyFree: boolean): void {
    this.#options.mark.release(segment);
    if (isBodyFree) data.recycle();
    else data.release();
  }

  #seal(lane: Lane, message: Message, sequence: number): OutboundMessage {
    const { format, clock, stream, epoch, resume, onMarked } = this.#options;
    const { plan, kind } = message.class;
    const marks: readonly MarkName[] = message.invalidTextRows === 0 ? plan.marks : [...plan.marks, 'invalidText'];
    if (marks.length > 0) onMarked(message, marks);
    const [firstChange, lastChange] = message.firstAndLastChange();
    message.data.append(
      plan.format.tail({
        kind,
        old: message.old.written(),
        changes: message.changes.written(),
        invalidText: message.invalidText.written(),
        gtid: message.hasGtid ? serverGtid(lastChange.slice(0, lastChange.lastIndexOf('#'))) : '',
        commitTimeMs: message.commitTimeMs,
        packedAtMs: clock.now(),
        sequence,
      }),
    );
    message.recycleNotes();
    return {
      lane: lane.name,
      tag: plan.tag,
      keys: message.keys?.values ?? [],
      properties: propertiesOf({
        format: format.name,
        database: plan.table.database,
        table: plan.table.name,
        kind,
        rows: message.rows,
        firstChange,
        lastChange,
        stream,
        epoch,
        sequence,
        resume: sequence === 1 ? resume : undefined,
        marks,
      }),
      body: message.data.written(),
    };
  }

  #sealDdl(lane: Lane, ddl: PublishedDdl, sequence: number): OutboundMessage {
    const { format, clock, stream, epoch, resume, ddl: own } = this.#options;
    const id = `${ddl.source}:${ddl.change}`;
    return {
      lane: lane.name,
      tag: DDL_TAG,
      keys: [],
      properties: propertiesOf({
        format: format.name,
        database: ddl.tables[0]?.database ?? ANY,
        table: ddl.tables[0]?.table ?? ANY,
        kind: ddl.type,
        rows: 0,
        firstChange: id,
        lastChange: id,
        stream,
        epoch,
        sequence,
        resume: sequence === 1 ? resume : undefined,
        lanes: own === undefined ? this.lanes.length : 1,
        marks: [],
      }),
      body: format.ddl({ ...ddl, packedAtMs: clock.now(), sequence }),
    };
  }
}

/** No table's tag is one word. */
const DDL_TAG = 'ddl';
const ANY = '*';
