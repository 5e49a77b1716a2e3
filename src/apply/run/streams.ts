import { RelayError } from '../../base/errors.ts';
import type { Ledger, LedgerStream } from '../ledger/ledger.ts';
import type { Session } from '../target/target.ts';

export interface StreamChoice {
  /** A stream that the ledger does not know may follow the one that it knows. */
  readonly acceptNew: boolean;
  /** Lanes may begin in the middle. */
  readonly fromHere: boolean;
}

/**
 * Which streams of the topic may be written: the one that the ledger knows, and in lanes that have not met it what
 * was before.
 */
export class Streams {
  readonly #ledger: Ledger;
  readonly #choice: StreamChoice;
  #current: LedgerStream | undefined;
  /** One lane after the other decides. */
  #deciding: Promise<unknown> = Promise.resolve();
  #hasChanged = false;

  constructor(ledger: Ledger, choice: StreamChoice) {
    this.#ledger = ledger;
    this.#choice = choice;
  }

  get current(): LedgerStream | undefined {
    return this.#current;
  }

  async load(session: Session): Promise<void> {
    const found = await this.#ledger.stream(session);
    const fromHere = found !== undefined && this.#choice.fromHere && !found.fromHere;
    this.#current = fromHere ? { ...found, fromHere } : found;
    if (fromHere && this.#current !== undefined) await this.#ledger.setStream(session, this.#current);
  }

  /** How the stream of a message stands to the one that is read. Throws LEDGER_FOREIGN. */
  standing(session: Session, stream: string, lane: string): Promise<Standing> {
    if (this.#current?.stream === stream) return Promise.resolve('current');
    const decided = this.#deciding.then(() => this.#decide(session, stream, lane));
    this.#deciding = decided.catch(() => undefined);
    return decided;
  }

  foreign(stream: string): RelayError {
    return new RelayError(
      'LEDGER_FOREIGN',
      `the message is of the stream ${stream}, and the target was written from the stream ${this.#current?.stream ?? ''}`,
    );
  }

  async #decide(session: Session, stream: string, lane: string): Promise<Standing> {
    const current = this.#current;
    if (current?.stream === stream) return 'current';
    if (current === undefined) return this.#begin(session, stream);
    const known = await this.#ledger.lanes(session, stream);
    if (known.has(lane)) {
      const hasMoved = (await this.#ledger.lanes(session, current.stream)).has(lane);
      return hasMoved ? 'past' : 'before';
    }
    const mayFollow = known.size === 0 && this.#choice.acceptNew && !this.#hasChanged;
    if (!mayFollow) throw this.foreign(stream);
    this.#hasChanged = true;
    return this.#begin(session, stream);
  }

  async #begin(session: Session, stream: string): Promise<Standing> {
    const begun = { stream, fromHere: this.#choice.fromHere };
    await this.#ledger.setStream(session, begun);
    this.#current = begun;
    return 'current';
  }
}

/**
 * `current`: the stream that is read. `before`: one that was read before, in a lane that has not met the current one.
 * `past`: one that was read before in this lane; only what comes again may still be of it.
 */
export type Standing = 'current' | 'before' | 'past';
