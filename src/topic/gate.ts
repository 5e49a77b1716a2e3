/**
 * Decides what of a lane is new, and proves that nothing of it is missing: docs/message-format.md, "Reading it exactly
 * once". Pure: whoever reads keeps what is known of each lane, in memory or with what it has written.
 */
import { RelayError } from '../base/errors.ts';
import { placeOf, type TopicMessage } from './topic.ts';

/** What a message says of its place in its lane. */
export interface LaneMark {
  /** Which line of runs of a relay this is. Epochs and sequences count within one. */
  readonly stream: string;
  /** The run of the relay. */
  readonly epoch: number;
  /** From 1 without a gap within an epoch. */
  readonly sequence: number;
  /** Only on the first message of an epoch: the position that this run started from. */
  readonly resume: string | undefined;
}

/** The newest message of one stream in one lane that is done. */
export type LanePosition = Pick<LaneMark, 'epoch' | 'sequence'>;

export type Verdict =
  /** The one that was due. */
  | { readonly is: 'new' }
  /** Nothing is known of the lane: reading begins here, which with a sequence of 1 is the beginning of a run. */
  | { readonly is: 'first' }
  /**
   * A later run begins. From `resume` on changes come again, packed anew and so under other sequences: only their
   * change ids tell them. Nothing is missing if the position was reached before: a progress message of the lane that
   * speaks of it proves that. One without, or of less, proves nothing, and is no sign of a loss either: to a lane may
   * have come nothing since.
   */
  | { readonly is: 'epoch'; readonly resume: string }
  /** It came before: to be dropped. */
  | { readonly is: 'repeat' }
  /** Of a run that a later one has followed: to be dropped, its changes come or came with that one. */
  | { readonly is: 'stale' }
  /** Messages before it are missing: `due` is the sequence that should have come. */
  | { readonly is: 'gap'; readonly due: number };

/** `known`: of the same stream and lane; undefined when nothing of it was read yet. */
export function judge(known: LanePosition | undefined, { epoch, sequence, resume }: LaneMark): Verdict {
  if (known === undefined) return { is: 'first' };
  if (epoch < known.epoch) return { is: 'stale' };
  if (epoch > known.epoch) return resume === undefined ? { is: 'gap', due: 1 } : { is: 'epoch', resume };
  if (sequence <= known.sequence) return { is: 'repeat' };
  const due = known.sequence + 1;
  return sequence === due ? { is: 'new' } : { is: 'gap', due };
}

/** Throws MESSAGE_UNREADABLE when it does not say its place as the relay does. */
export function markOf(message: TopicMessage): LaneMark {
  const { properties } = message;
  const mark = {
    stream: properties.get('stream') ?? '',
    epoch: countOf(message, 'epoch'),
    sequence: countOf(message, 'sequence'),
    resume: properties.get('resume'),
  };
  if (mark.stream === '') throw unreadable(message, 'it has no property stream');
  if ((mark.sequence === 1) !== (mark.resume !== undefined)) {
    throw unreadable(message, 'the property resume stands on the first message of a lane in an epoch, and only there');
  }
  return mark;
}

function countOf(message: TopicMessage, name: 'epoch' | 'sequence'): number {
  const text = message.properties.get(name) ?? '';
  const count = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw unreadable(message, `its property ${name} is ${text === '' ? 'missing' : `"${text}", which is no number`}`);
  }
  return count;
}

function unreadable(message: TopicMessage, what: string): RelayError {
  return new RelayError('MESSAGE_UNREADABLE', `${placeOf(message)}: ${what}.`);
}

/** What to throw for a gap. */
export function gapError(
  message: TopicMessage,
  { epoch, sequence }: LaneMark,
  known: LanePosition,
  due: number,
): RelayError {
  const before = `the last message before it was ${known.sequence} of epoch ${known.epoch}`;
  return new RelayError(
    'TOPIC_GAP',
    `${placeOf(message)}: message ${sequence} of epoch ${epoch} came where ${due} was due; ${before}.`,
    { details: { lane: message.lane, epoch, sequence, due, known } },
  );
}

/** What a gate lets through. */
export type Passed = Exclude<Verdict, { readonly is: 'gap' }>;

/** A gate that keeps in memory what it has let pass. */
export class Gate {
  readonly #allowsGaps: boolean;
  /** By stream and lane. */
  readonly #positions = new Map<string, LanePosition>();

  /** `allowsGaps`: other readers have the messages that do not come here. */
  constructor(allowsGaps = false) {
    this.#allowsGaps = allowsGaps;
  }

  /** Throws TOPIC_GAP, naming the place; and MESSAGE_UNREADABLE. What is not dropped counts as read from here on. */
  pass(message: TopicMessage): { readonly mark: LaneMark; readonly verdict: Passed } {
    const mark = markOf(message);
    const key = `${mark.stream} ${message.lane}`;
    const known = this.#positions.get(key);
    const judged = judge(known, mark);
    if (judged.is === 'gap' && known !== undefined && !this.#allowsGaps) {
      throw gapError(message, mark, known, judged.due);
    }
    const verdict: Passed = judged.is === 'gap' ? { is: 'new' } : judged;
    if (!isDropped(verdict)) this.#positions.set(key, { epoch: mark.epoch, sequence: mark.sequence });
    return { mark, verdict };
  }
}

/** Whether the message is to be dropped. */
export const isDropped = ({ is }: Verdict): boolean => is === 'repeat' || is === 'stale';
