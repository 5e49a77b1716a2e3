import type { RowIdentity } from '../change/change.ts';
import type { Message } from './message.ts';
import type { MessageClass } from './message-class.ts';
import { Packer } from './packer.ts';

export interface LaneActions {
  /** Makes the message that a row opens. */
  create(messageClass: MessageClass, number: number): Message;
  /** Forgets a message that holds no row. */
  discard(message: Message): void;
  /** Sends until acknowledged. Rejects only when it never will be; the relay stops then. */
  deliver(lane: Lane, message: Message, sequence: number): Promise<void>;
  /** Takes the turn of the next request; returns the milliseconds until it comes. `only`: the message that will leave, if the lane holds no other. */
  takeTurn(only: Message | undefined): number;
  /** Resolves then, or at once when sending has to end. */
  wait(ms: number): Promise<void>;
  /** A message was acknowledged, and the next one, if there is one, is on its way; or there was none after all when its turn came. */
  advanced(): void;
}

/** Sends one message until it is acknowledged. */
type Deliver = (sequence: number) => Promise<void>;

/**
 * One strict order of messages: at most one request is in flight, the next leaves when it is acknowledged.
 *
 * Packing is adaptive: an idle lane sends what it holds when the socket has nothing more in this turn of the event loop; while its
 * request is in flight, changes gather in the messages behind it. Before it takes a message it waits for its turn, if requests are many or a backlog
 * brings more in a moment: what comes meanwhile can still join.
 */
export class Lane {
  readonly name: string;
  readonly #packer: Packer<MessageClass, Message>;
  readonly #actions: LaneActions;
  #sequence = 0;
  /** Or waits for its turn. */
  #isSending = false;
  #hasFailed = false;

  constructor(name: string, actions: LaneActions) {
    this.name = name;
    this.#actions = actions;
    this.#packer = new Packer((messageClass, number) => actions.create(messageClass, number));
  }

  get isSending(): boolean {
    return this.#isSending;
  }

  get isEmpty(): boolean {
    return !this.#isSending && this.#packer.unsent === 0;
  }

  /** Nothing will ever be acknowledged that is not yet. */
  get isSettled(): boolean {
    return this.isEmpty || this.#hasFailed;
  }

  messageFor(messageClass: MessageClass, row: RowIdentity, imageBytes: number): Message {
    return this.#packer.messageFor(messageClass, row, messageClass.plan.key, imageBytes);
  }

  /** Sends the first message, when its turn comes, if none is in flight. */
  pump(): void {
    const { first, unsent } = this.#packer;
    if (this.#isSending || first === undefined) return;
    this.#inTurn(unsent === 1 ? first : undefined, () => {
      const message = this.#takeFilled();
      return message === undefined ? undefined : (sequence) => this.#actions.deliver(this, message, sequence);
    });
  }

  /** Sends a message that is no rows, when its turn comes. Only while none is in flight. */
  send(deliver: Deliver): void {
    this.#inTurn(undefined, () => deliver);
  }

  /** `next` is asked when the turn has come. */
  #inTurn(only: Message | undefined, next: () => Deliver | undefined): void {
    this.#isSending = true;
    const waitMs = this.#actions.takeTurn(only);
    if (waitMs === 0) {
      this.#sendNow(next());
      return;
    }
    void this.#actions.wait(waitMs).then(() => {
      this.#sendNow(next());
      if (this.isEmpty) this.#actions.advanced();
    });
  }

  #sendNow(deliver: Deliver | undefined): void {
    if (deliver === undefined) {
      this.#isSending = false;
      return;
    }
    this.#sequence += 1;
    deliver(this.#sequence).then(
      () => {
        this.#isSending = false;
        this.pump();
        this.#actions.advanced();
      },
      // The relay has been told by `deliver` itself; this lane stays as it is, so that nothing overtakes the message.
      () => {
        this.#hasFailed = true;
      },
    );
  }

  /** A row that could not be written leaves the message empty that was opened for it. */
  #takeFilled(): Message | undefined {
    for (;;) {
      const message = this.#packer.take();
      if (message === undefined || message.rows > 0) return message;
      this.#actions.discard(message);
    }
  }
}
