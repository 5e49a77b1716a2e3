/** Looks at the health of relay and apply all the time, and at the memory that they take. */
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Supervised } from './supervised.ts';

const LOOK_MS = 200;
/** One that is stopped by a signal accepts connections, and answers none. */
const ANSWER_MS = 2000;

interface Part {
  readonly ok: boolean;
  readonly reason: string;
}

/** What is looked at in /healthz of either. */
export interface Seen {
  /** By its own clock. */
  readonly at: string;
  readonly healthy: boolean;
  readonly reasons: readonly string[];
  readonly state: string;
  /** Of a relay. */
  readonly epoch?: number;
  readonly parts: Readonly<Record<string, Part | undefined>>;
  readonly heldBytes?: number;
  readonly heldBytesLimit?: number;
  readonly sourcePaused?: boolean;
  readonly lowWaterMark?: { readonly gtidSet?: string } | null;
  readonly complete?: { readonly gtidSet: string } | null;
  readonly copies?: readonly { readonly id: string; readonly endedAt?: string | null }[];
  readonly counters: Readonly<Record<string, number>>;
}

export class Watch {
  /** Undefined while it does not answer. */
  seen: Seen | undefined;
  peakResidentBytes = 0;
  /** How much more was held than the limit says. */
  peakHeldBytes = 0;
  peakHeldOverLimit = Number.NEGATIVE_INFINITY;
  /** Longest answer of a process that did answer, ms. */
  slowestAnswerMs = 0;
  /** How often it has looked. */
  looks = 0;
  readonly #supervised: Supervised;
  readonly #onSeen: (seen: Seen) => void;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /** `onSeen`: called with each answer. */
  constructor(supervised: Supervised, onSeen: (seen: Seen) => void = () => undefined) {
    this.#supervised = supervised;
    this.#onSeen = onSeen;
    this.#ended = this.#look();
  }

  /** Ms until `holds`, from now, of what is seen from now on; undefined when it did not in time. */
  async until(holds: (seen: Seen) => boolean, timeoutMs: number): Promise<number | undefined> {
    return untilSeen([this], ([seen]) => seen !== undefined && holds(seen), timeoutMs);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #look(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { pid } = this.#supervised;
      this.seen = await this.#ask();
      this.looks += 1;
      if (this.seen !== undefined) this.#onSeen(this.seen);
      if (pid !== undefined) this.peakResidentBytes = Math.max(this.peakResidentBytes, await peakOf(pid));
      const { heldBytes = 0, heldBytesLimit = 0 } = this.seen ?? {};
      this.peakHeldBytes = Math.max(this.peakHeldBytes, heldBytes);
      this.peakHeldOverLimit = Math.max(this.peakHeldOverLimit, heldBytes - heldBytesLimit);
      await sleep(LOOK_MS);
    }
  }

  async #ask(): Promise<Seen | undefined> {
    const startMs = performance.now();
    try {
      const address = await this.#supervised.address();
      if (address === undefined) return undefined;
      const response = await fetch(`${address}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) });
      const seen = (await response.json()) as Seen;
      this.slowestAnswerMs = Math.max(this.slowestAnswerMs, performance.now() - startMs);
      return seen;
    } catch {
      return undefined;
    }
  }
}

/** As `Watch.until`, of several at once, in their order. */
export async function untilSeen(
  watches: readonly Watch[],
  holds: (seen: readonly (Seen | undefined)[]) => boolean,
  timeoutMs: number,
): Promise<number | undefined> {
  const startMs = performance.now();
  // One look may be on its way.
  const first = watches.map(({ looks }) => looks + 2);
  while (performance.now() - startMs < timeoutMs) {
    const haveLooked = watches.every(({ looks }, i) => looks >= (first[i] ?? 0));
    if (haveLooked && holds(watches.map(({ seen }) => seen))) return performance.now() - startMs;
    await sleep(LOOK_MS / 4);
  }
  return undefined;
}

/** The most that a process has had resident so far; 0 when it is gone. */
async function peakOf(pid: number): Promise<number> {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** How late this process runs what is due: a measure of how busy the machine is. */
export class Lateness {
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });

  constructor() {
    this.#delay.enable();
  }

  get longestMs(): number {
    return this.#delay.max / 1e6;
  }

  stop(): void {
    this.#delay.disable();
  }
}
