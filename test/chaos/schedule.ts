/**
 * What happens when: a pure function of the seed, so that a seed that failed happens again. How long the machine takes
 * for it is no part of it.
 */
import { mulberry32 } from '../../dev/mulberry32.ts';
import { ALL_KINDS, FAILOVER, factsOf, type FaultKind } from './fault-kinds.ts';

export type Ordering = 'key' | 'total';

/** One fault, or two at the same time. */
export interface ScheduledFault {
  /** Quiet before it. */
  readonly pauseMs: number;
  readonly kinds: readonly [FaultKind] | readonly [FaultKind, FaultKind];
  /** From the first to the second of a pair. */
  readonly offsetMs: number;
  /** From the last injection to the healing. */
  readonly holdMs: number;
  /** For what a fault draws itself, such as the byte that is flipped. */
  readonly seed: number;
}

export interface ScheduledRound {
  readonly ordering: Ordering;
  readonly faults: readonly ScheduledFault[];
  /** Before which fault a copy of all tables is asked for; undefined: none in this round. */
  readonly copyBefore: number | undefined;
  /** Two relays of one configuration, one of which stands by. The same in all rounds of a stream. */
  readonly isStandby: boolean;
  /** The source has a replica, and the relay knows both. As above; the last round of a stream ends in a failover. */
  readonly isReplicated: boolean;
  /** The relay and apply are stopped by SIGTERM at the end, and must end in order. */
  readonly stopsAtEnd: boolean;
}

/** What is not left to the seed. */
export interface Wishes {
  readonly isStandby?: boolean | undefined;
  readonly isReplicated?: boolean | undefined;
}

export const FAULTS_A_ROUND = 5;
/** So many rounds in a row have one stream: the same topic, relay and copy. */
export const ROUNDS_A_STREAM = 2;
/** Within so many rounds in a row every kind happens. */
export const ROUNDS_FOR_ALL = Math.ceil((2 * ALL_KINDS.length) / FAULTS_A_ROUND);

/** Every third fault is a pair. */
const PAIR_EVERY = 3;

/** One stream of so many has a replica. */
const REPLICATED_OF = 3;
/** Apart from what is drawn for rounds. */
const STREAMS = 1 << 20;

/** `kinds`: which there are. */
export function scheduledRound(
  seed: number,
  round: number,
  kinds: readonly FaultKind[] = ALL_KINDS,
  wishes: Wishes = {},
): ScheduledRound {
  const stream = Math.floor(round / ROUNDS_A_STREAM);
  const ofStream = drawer(seed, STREAMS + stream);
  const [standby, replicated] = [ofStream(2) === 0, ofStream(REPLICATED_OF) === 0];
  const { isStandby = standby, isReplicated = replicated } = wishes;
  const below = drawer(seed, round + 1);
  const faults: ScheduledFault[] = Array.from({ length: FAULTS_A_ROUND }, (_, i) => {
    const number = round * FAULTS_A_ROUND + i;
    const first = dealt(seed, number, kinds);
    const partners = kinds.filter((kind) => factsOf(kind).area !== factsOf(first).area);
    const second = number % PAIR_EVERY === PAIR_EVERY - 1 ? partners[below(partners.length)] : undefined;
    const drawn = second === undefined ? ([first] as const) : ([first, second] as const);
    const holds = drawn.map((kind) => {
      const [shortest, longest] = factsOf(kind).holdMs;
      return shortest + below(longest - shortest + 1);
    });
    return {
      pauseMs: 500 + below(2500),
      kinds: drawn,
      offsetMs: below(2000),
      holdMs: Math.max(...holds),
      seed: below(1 << 30),
    };
  });
  const copyBefore = below(3) === 0 ? undefined : below(FAULTS_A_ROUND);
  if (isReplicated && round % ROUNDS_A_STREAM === ROUNDS_A_STREAM - 1)
    faults.push({ pauseMs: 1000, kinds: [FAILOVER], offsetMs: 0, holdMs: 0, seed: below(1 << 30) });
  return {
    ordering: stream % 2 === 0 ? 'key' : 'total',
    faults,
    copyBefore,
    isStandby,
    isReplicated,
    stopsAtEnd: round % 2 === 1,
  };
}

/** Kinds are dealt like cards: each comes once before any comes again. */
function dealt(seed: number, number: number, kinds: readonly FaultKind[]): FaultKind {
  const deck = Math.floor(number / kinds.length);
  const below = drawer(seed, -1 - deck);
  const cards = [...kinds];
  for (let i = cards.length - 1; i > 0; i -= 1) {
    const j = below(i + 1);
    const [a, b] = [cards[i], cards[j]];
    if (a !== undefined && b !== undefined) [cards[i], cards[j]] = [b, a];
  }
  const card = cards[number % kinds.length];
  if (card === undefined) throw new Error('there are no kinds of faults');
  return card;
}

/** Whole numbers below a limit; `stream` tells apart what is drawn from one seed. */
export function drawer(seed: number, stream: number): (limit: number) => number {
  const next = mulberry32(Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream, 0x85ebca6b));
  return (limit) => next() % Math.max(1, limit);
}
