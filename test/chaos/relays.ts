/** The relay of a stream, or the two of one configuration, one of which stands by. */
import type { RelayLines } from './servers.ts';
import type { Supervised } from './supervised.ts';
import { untilSeen, Watch, type Seen } from './watch.ts';

export interface Relay {
  readonly supervised: Supervised;
  readonly watch: Watch;
  readonly lines: RelayLines;
}

export interface TakeOver {
  /** When it was seen, as performance.now(). */
  readonly seenMs: number;
  readonly epoch: number;
}

export class Relays {
  readonly all: readonly Relay[];
  /** In the order of time: another relay than before is active. */
  readonly takeOvers: TakeOver[] = [];
  /** What must not be, in words; who reads them takes them away. */
  readonly problems: string[] = [];
  /** Which relay had which epoch. */
  readonly #owners = new Map<number, Supervised>();
  #active: Supervised | undefined;

  constructor(all: readonly Omit<Relay, 'watch'>[]) {
    this.all = all.map(({ supervised, lines }) => ({
      supervised,
      lines,
      watch: new Watch(supervised, (seen) => this.#note(supervised, seen)),
    }));
  }

  get isPair(): boolean {
    return this.all.length > 1;
  }

  get watches(): readonly Watch[] {
    return this.all.map(({ watch }) => watch);
  }

  /** The one that was active last. */
  get active(): Relay {
    const relay = this.all.find(({ supervised }) => supervised === this.#active) ?? this.all[0];
    if (relay === undefined) throw new Error('there is no relay');
    return relay;
  }

  /** The other one; the same where there is only one. */
  get waiting(): Relay {
    return this.all.find((relay) => relay !== this.active) ?? this.active;
  }

  /** Ms until `holds` of one that does not stand by. */
  until(holds: (seen: Seen) => boolean, timeoutMs: number): Promise<number | undefined> {
    const isIt = (seen: Seen | undefined): boolean => seen !== undefined && seen.state !== 'standby' && holds(seen);
    return untilSeen(this.watches, (seens) => seens.some(isIt), timeoutMs);
  }

  /** Ms until all are healthy, and all but one stand by. */
  untilInOrder(timeoutMs: number): Promise<number | undefined> {
    return untilSeen(
      this.watches,
      (seens) =>
        seens.every((seen) => seen?.healthy === true) && seens.filter((seen) => seen?.state !== 'standby').length === 1,
      timeoutMs,
    );
  }

  /** What each says. */
  said(): string {
    return JSON.stringify(
      this.all.map(({ supervised: { who }, watch: { seen } }) => ({
        who,
        state: seen?.state,
        epoch: seen?.epoch,
        reasons: seen?.reasons,
      })),
    );
  }

  /** Every new epoch is higher than all before, and has one owner. */
  #note(supervised: Supervised, { state, epoch = 0, parts }: Seen): void {
    if (state === 'standby' || parts['source']?.ok !== true || epoch === 0) return;
    const owner = this.#owners.get(epoch);
    if (owner === supervised) return;
    if (owner !== undefined) {
      this.#owners.set(epoch, supervised);
      this.problems.push(`${owner.who} and ${supervised.who} both had epoch ${epoch}`);
      return;
    }
    const highest = Math.max(0, ...this.#owners.keys());
    if (epoch < highest) this.problems.push(`${supervised.who} began epoch ${epoch} after epoch ${highest}`);
    this.#owners.set(epoch, supervised);
    if (this.#active !== undefined && this.#active !== supervised)
      this.takeOvers.push({ seenMs: performance.now(), epoch });
    this.#active = supervised;
  }
}
