import type { Relay } from '../relays.ts';
import type { ChaosServers } from '../servers.ts';
import type { Stream } from '../stream.ts';

/** Where a fault happens. */
export interface Scene {
  readonly servers: ChaosServers;
  readonly stream: Stream;
  /** The relay that is hit where only one is: mostly the active one, else the one that waits. */
  readonly relay: Relay;
  /** A whole number below a limit, of the fault's own seed. */
  readonly below: (limit: number) => number;
  /** Something that must not be, in words. */
  readonly problem: (what: string) => void;
  /** Nothing else is out of order at the same time. */
  readonly isAlone: boolean;
}

/** Says that a fault has hit nothing: beside another fault that may be so. */
export function missed({ isAlone, problem }: Scene, what: string): void {
  if (isAlone) problem(`it has hit nothing: ${what}`);
}

/** Mends what the fault has done; resolves when everything that was hit runs again. */
export type Heal = () => Promise<void>;

/** Does it; what it resolves to is called when its time is over. `skipped`: it cannot be done here. */
export type Fault = (scene: Scene) => Promise<Heal | { readonly skipped: string }>;
