import { ChangeMemory } from '../topic/change-memory.ts';
import { Gate, isDropped, type LaneMark, type Passed } from '../topic/gate.ts';
import type { TopicMessage } from '../topic/topic.ts';
import { changesOf, isProgress } from './decode.ts';
import type { Change, ChangeMessage, ReaderNotice, ReaderOptions } from './reader.ts';

const REMEMBERED = 50_000;

/** From messages as they come to what is new of them. */
export class Intake {
  readonly #gate: Gate;
  readonly #memory: ChangeMemory;
  readonly #wantsProgress: boolean;
  readonly #tell: (notice: ReaderNotice) => void;
  /** The stream that each lane's newest message was of. */
  readonly #streams = new Map<string, string>();

  constructor(
    { shared = false, progress = false, remembered = REMEMBERED }: ReaderOptions,
    tell: (notice: ReaderNotice) => void,
  ) {
    this.#gate = new Gate(shared);
    this.#memory = new ChangeMemory(remembered);
    this.#wantsProgress = progress;
    this.#tell = tell;
  }

  /**
   * Undefined when nothing of it is new. Throws TOPIC_GAP, MESSAGE_UNREADABLE and MESSAGE_UNKNOWN, naming the place of
   * the message.
   */
  take(message: TopicMessage): ChangeMessage | undefined {
    const { mark, verdict } = this.#gate.pass(message);
    if (isDropped(verdict)) return undefined;
    const all = changesOf(message, mark);
    const [first] = all;
    if (first === undefined) return undefined;
    this.#announce(mark, verdict, first);
    if (isProgress(message) && !this.#wantsProgress) return undefined;
    const changes = all.filter((change) => this.#isNew(change));
    if (changes.length === 0) return undefined;
    return { changes, repeated: all.length - changes.length, at: first.at };
  }

  #isNew(change: Change): boolean {
    if (change.kind === 'progress') return true;
    // What is sent again of a copy has other ids; equal ones are of a relay that lost its checkpoint, and other rows.
    if ('copy' in change) return true;
    const { at, database, table, id } = change;
    return this.#memory.isNew(at.lane, database, table, id);
  }

  #announce({ stream }: LaneMark, verdict: Passed, { at }: Change): void {
    const before = this.#streams.get(at.lane);
    this.#streams.set(at.lane, stream);
    if (before !== undefined && before !== stream) this.#tell({ what: 'stream', at });
    if (verdict.is === 'epoch') this.#tell({ what: 'epoch', at, resume: verdict.resume });
  }
}
