import type { Clock } from '../../base/clock.ts';
import type { RelayError } from '../../base/errors.ts';
import type { PartName, PartStatus, RelayStatus } from '../relay.ts';
import { Failures } from './failures.ts';
import type { StateFacts, Trouble } from './relay-state.ts';

interface SeenTrouble {
  readonly error: RelayError;
  readonly sinceMs: number;
}

/** What a part has failed with, until it works, and how that reads. */
interface Failing {
  readonly trouble: Trouble;
  readonly status: PartStatus;
}

const NOT_CONNECTED: PartStatus = { ok: false, reason: 'not connected yet' };
const UNCONFIRMED: PartStatus = {
  ok: false,
  reason: 'the lock is not confirmed: nothing is sent or stored until it is',
};
/** The source is asked every 5 s. */
const SILENT_MS = 9_000;

/** How source, sink and checkpoint are, each for itself. */
export class Parts {
  readonly #clock: Clock;
  /** As each is, or was before it failed. */
  readonly #now: Record<PartName, PartStatus> = {
    source: NOT_CONNECTED,
    sink: NOT_CONNECTED,
    checkpoint: { ok: true, reason: 'nothing stored yet' },
  };
  readonly #failing: Partial<Record<PartName, Failing | undefined>> = {};
  readonly #failures = new Failures();
  #isReading = false;
  /** Monotonic: when the source last answered a question, or let the relay in. */
  #answeredMs = 0;
  #sinkFailingSinceMs: number | undefined;
  /** What was seen of sinks without sending, and since when. */
  readonly #sinksSeen = new Map<string, SeenTrouble>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  failed(part: PartName, error: RelayError, sinceMs = this.#clock.now()): void {
    this.#fail(part, error, failedSince({ error, sinceMs }));
  }

  /** The checkpoint could not be stored this time: the next attempt comes soon. */
  storeFailed(error: RelayError): void {
    this.#fail('checkpoint', error, { ok: false, reason: error.message });
  }

  #fail(part: PartName, error: RelayError, status: PartStatus): void {
    this.#failing[part] = { trouble: error, status };
    this.#failures.add(part, error.code);
  }

  works(part: PartName, reason: string): void {
    this.#is(part, { ok: true, reason });
  }

  /** What it failed with is over: it is as it was before. */
  answered(part: PartName): void {
    this.#failing[part] = undefined;
  }

  #is(part: PartName, status: PartStatus): void {
    this.#now[part] = status;
    this.#failing[part] = undefined;
  }

  sendFailed(error: RelayError): void {
    this.#sinkFailingSinceMs ??= this.#clock.now();
    this.failed('sink', error, this.#sinkFailingSinceMs);
  }

  sinkTakes(): void {
    if (this.#sinkFailingSinceMs === undefined) return;
    this.#sinkFailingSinceMs = undefined;
    this.works('sink', 'acknowledging again');
  }

  /** `problem`: why the sink of this name would take nothing; undefined: it would. True when that is news. */
  sinkSeen(name: string, problem: RelayError | undefined): boolean {
    const before = this.#sinksSeen.get(name);
    this.#sinksSeen.delete(name);
    if (problem === undefined) return false;
    const isSame = before?.error.code === problem.code;
    this.#sinksSeen.set(name, { error: problem, sinceMs: isSame ? before.sinceMs : this.#clock.now() });
    return !isSame;
  }

  /** `place`: which server of several. */
  sessionOpened(place: string | undefined): void {
    this.#isReading = true;
    this.sourceAnswers();
    this.works('source', place === undefined ? 'reading the binlog' : `reading the binlog of ${place}`);
  }

  sessionLost(error: RelayError): void {
    this.#isReading = false;
    this.#is('source', NOT_CONNECTED);
    this.failed('source', error);
  }

  sourceAnswers(): void {
    this.#answeredMs = this.#clock.monotonic();
  }

  takesOver(): void {
    this.#is('source', { ok: false, reason: 'taking over' });
  }

  isWell(part: PartName): boolean {
    return this.#part(part).ok;
  }

  #part(part: PartName): PartStatus {
    return this.#failing[part]?.status ?? this.#now[part];
  }

  status(hasRight: boolean): Pick<RelayStatus, 'parts' | 'failures' | 'sinkFailingSinceMs'> {
    return {
      parts: { source: this.#source(hasRight), sink: this.#sink(), checkpoint: this.#part('checkpoint') },
      failures: this.#failures.list(),
      sinkFailingSinceMs: this.#sinkFailingSinceMs,
    };
  }

  facts(): Pick<StateFacts, 'troubles' | 'isReading' | 'silence' | 'sinkFailingMs'> {
    const seen = this.#seenTrouble;
    const sinceMs = this.#sinkFailingSinceMs ?? seen?.sinceMs;
    return {
      troubles: {
        source: this.#failing.source?.trouble,
        sink: this.#failing.sink?.trouble ?? seen?.error,
        checkpoint: this.#failing.checkpoint?.trouble,
      },
      isReading: this.#isReading,
      silence: this.#silence(),
      sinkFailingMs: sinceMs === undefined ? 0 : this.#clock.now() - sinceMs,
    };
  }

  #source(hasRight: boolean): PartStatus {
    const source = this.#part('source');
    if (!source.ok) return source;
    if (!hasRight) return UNCONFIRMED;
    const silence = this.#silence();
    return silence === undefined ? source : { ok: false, reason: silence };
  }

  /**
   * In words, while the source answers no question although its session is open: while reading is paused nothing else
   * would tell that it is gone.
   */
  #silence(): string | undefined {
    const silentMs = this.#clock.monotonic() - this.#answeredMs;
    if (!this.#isReading || silentMs < SILENT_MS) return undefined;
    return `no answer to a question for ${Math.floor(silentMs / 1000)} s`;
  }

  /** What sends say goes first. */
  #sink(): PartStatus {
    const sink = this.#part('sink');
    const seen = this.#seenTrouble;
    return sink.ok && seen !== undefined ? failedSince(seen) : sink;
  }

  get #seenTrouble(): SeenTrouble | undefined {
    const [seen] = this.#sinksSeen.values();
    return seen;
  }
}

const failedSince = ({ error: { message }, sinceMs }: SeenTrouble): PartStatus => ({
  ok: false,
  reason: `${message} (since ${new Date(sinceMs).toISOString()})`,
});
