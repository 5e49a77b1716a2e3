/** Faults of the network between relay or apply and a server. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault as LineFault, FaultProxy } from '../../support/fault-proxy.ts';
import type { LineName } from '../servers.ts';
import { missed, type Fault, type Scene } from './fault.ts';

const FIRST_BYTE = 100;
/** Of the answers of a broker there are fewer than of events. */
const BYTES = { source: 20_000, broker: 3000 };
const FLIPPED_WITHIN_MS = 30_000;

type LinesOf = (name: LineName, scene: Scene) => readonly FaultProxy[];

/** Of relays those of the one that is hit. */
const linesOfOne: LinesOf = (name, { servers, relay }) => {
  if (name === 'source') return relay.lines.sources;
  return [name === 'broker' ? relay.lines.broker : servers.lines[name]];
};

/** Of relays those of both: whichever reads after the reset. */
const linesOfAll: LinesOf = (name, scene) =>
  name === 'source' || name === 'broker'
    ? scene.stream.relays.all.flatMap((relay) => linesOfOne(name, { ...scene, relay }))
    : linesOfOne(name, scene);

/** Holds for all connections: those that are open are reset, so that new ones are made; at the end once more. */
const lasting =
  (
    name: LineName,
    faultOf: (scene: Scene) => LineFault,
    linesOf: LinesOf = linesOfOne,
    beforeEnd: (lines: readonly FaultProxy[], scene: Scene) => Promise<void> = () => Promise.resolve(),
  ): Fault =>
  (scene) => {
    const lines = linesOf(name, scene);
    const fault = faultOf(scene);
    for (const line of lines) {
      line.fault = fault;
      line.flips = 0;
      line.reset();
    }
    return Promise.resolve(async () => {
      await beforeEnd(lines, scene);
      for (const line of lines) {
        line.fault = undefined;
        line.reset();
      }
    });
  };

/** Nobody is reached. */
export const cut = (name: LineName): Fault => lasting(name, () => ({ kind: 'refuse' }));

export const slow = (name: LineName): Fault =>
  lasting(name, () => ({ kind: 'slow', bytesPerSecond: 1024 }), linesOfAll);

/** One byte of each connection; of one to MySQL that is not encrypted only among the events, which have checksums. */
export const flipped = (name: 'source' | 'broker'): Fault =>
  lasting(
    name,
    ({ below, stream }) => ({
      kind: 'flip',
      atByte: FIRST_BYTE + below(BYTES[name]),
      from: name === 'source' && !stream.isEncrypted ? 'dump' : 'start',
    }),
    linesOfAll,
    async (lines, scene) => {
      const hasFlipped = (): boolean => lines.some(({ flips }) => flips > 0);
      const deadlineMs = performance.now() + (scene.isAlone ? FLIPPED_WITHIN_MS : 0);
      while (!hasFlipped() && performance.now() < deadlineMs) await sleep(100);
      if (!hasFlipped()) missed(scene, 'no connection had so many bytes');
    },
  );

/** In the handshake of TLS; of a connection that has none, in the greeting of the server. */
export const cutInHandshake = (name: LineName): Fault =>
  lasting(name, ({ stream }) =>
    stream.isEncrypted ? { kind: 'cut-tls', how: 'reset' } : { kind: 'cut', atByte: 40, how: 'reset' },
  );

/** All connections of now; new ones work. */
export const reset =
  (name: LineName): Fault =>
  (scene) => {
    // One that waits may have none to the broker.
    const lines = name === 'broker' ? linesOfAll(name, scene) : linesOfOne(name, scene);
    if (lines.reduce((sum, line) => sum + line.reset(), 0) === 0) missed(scene, 'no connection is open');
    return Promise.resolve(() => Promise.resolve());
  };

/** Nothing passes, and nobody is told: neither on open connections nor on new ones. */
export const halfOpen =
  (name: LineName): Fault =>
  (scene) => {
    const lines = linesOfOne(name, scene);
    for (const line of lines) {
      line.fault = { kind: 'hold' };
      line.freeze();
    }
    return Promise.resolve(() => {
      for (const line of lines) {
        line.fault = undefined;
        line.reset();
      }
      return Promise.resolve();
    });
  };

/**
 * As a firewall does that has forgotten them: the connections of now bring nothing any more, and new ones work. In the
 * end the servers hear of it; relay and apply never do.
 */
export const stale =
  (name: LineName): Fault =>
  (scene) => {
    const ends = linesOfOne(name, scene).map((line) => line.freeze());
    return Promise.resolve(() => {
      for (const end of ends) end();
      return Promise.resolve();
    });
  };
