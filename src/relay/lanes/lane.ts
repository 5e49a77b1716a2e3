import type { MessageClass } from '../tables/table-plan.ts';
import type { Delivery } from './delivery.ts';
import type { Message } from './message.ts';
import { Packer } from './packer.ts';
import type { Turns } from './turns.ts';

export interface LaneOptions {
  readonly delivery: Pick<Delivery, 'rows' | 'discard'>;
  readonly turns: Pick<Turns, 'next'>;
  /**
   * A message was acknowledged, and the next one, if there is one, is on its way; or there was none after all when its
   * turn came.
   */
  readonly onAdvanced: () => void;
}

/** Sends one message until it is acknowledged. Rejects only when it never will be; the relay stops then. */
type Send = (sequence: number) => Promise<void>;

/**
 * One strict order of messages: at most one request is in flight, the next leaves when it is acknowledged.
 *
 * Packing is adaptive: an idle lane sends what it holds when the socket has nothing more in this turn of the event
 * loop; while its request is in flight, changes gather in the messages after it. Before it takes a message it waits for
 * its turn, if requests are many or a backlog brings more in a moment: what comes meanwhile can still join.
 */
export class Lane {
  readonly name: string;
  /** The messages that are not on their way yet. */
  readonly packer = new Packer<MessageClass, Message>();
  readonly #options: LaneOptions;
  #sequence = 0;
  /** It sends, or waits for its turn. */
  #isBusy = false;
  #hasFailed = false;
  /** Stands between the rows of message `behind` and those that come. */
  #said: { readonly behind: number; readonly send: Send } | undefined;

  constructor(name: string, options: LaneOptions) {
    this.name = name;
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Number of the message that is on its way; undefined when none is. */
  get inFlight(): number | undefined {
    return this.#isBusy && this.#sequence > 0 ? this.#sequence : undefined;
  }

  get isEmpty(): boolean {
    return !this.#isBusy && this.packer.unsent === 0 && this.#said === undefined;
  }

  /** Nothing will ever be acknowledged that is not yet. */
  get isSettled(): boolean {
    return this.isEmpty || this.#hasFailed;
  }

  /** Sends what is first, when its turn comes, if nothing is in flight. */
  pump(): void {
    const { first, unsent } = this.packer;
    if (this.#isBusy || this.isEmpty) return;
    this.#inTurn(unsent === 1 && this.#said === undefined ? first : undefined, () => this.#take());
  }

  /**
   * Puts a message that is no rows behind everything that was packed, and before everything that will be. It takes the
   * place of one that waits there already. One that waits further ahead is not doubled: then this one is left out.
   */
  say(send: Send): void {
    const behind = this.packer.newest;
    if (this.#said !== undefined && this.#said.behind !== behind) return;
    this.packer.close();
    this.#said = { behind, send };
  }

  /** Sends a message that is no rows, when its turn comes. Only while none is in flight. */
  send(send: Send): void {
    this.#inTurn(undefined, () => send);
  }

  /** `take` is asked when the turn has come. */
  #inTurn(only: Message | undefined, take: () => Send | undefined): void {
    this.#isBusy = true;
    const turn = this.#options.turns.next(only);
    if (turn === undefined) {
      this.#sendNow(take());
      return;
    }
    void turn.then(() => {
      this.#sendNow(take());
      if (this.isEmpty) this.#options.onAdvanced();
    });
  }

  #sendNow(send: Send | undefined): void {
    if (send === undefined) {
      this.#isBusy = false;
      return;
    }
    this.#sequence += 1;
    send(this.#sequence).then(
      () => {
        this.#isBusy = false;
        this.pump();
        this.#options.onAdvanced();
      },
      // The relay has been told by the delivery itself; this lane stays as it is, so that nothing overtakes the
      // message.
      () => {
        this.#hasFailed = true;
      },
    );
  }

  #take(): Send | undefined {
    const { delivery } = this.#options;
    for (;;) {
      const said = this.#said;
      if (said !== undefined && said.behind < (this.packer.first?.number ?? Infinity)) {
        this.#said = undefined;
        return said.send;
      }
      const message = this.packer.take();
      if (message === undefined) return undefined;
      if (message.rows > 0) return (sequence) => delivery.rows(this.name, message, sequence);
      // A row that could not be written leaves the message empty that was begun for it.
      delivery.discard(message);
    }
  }
}
