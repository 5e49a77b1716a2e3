/** Faults of the network between relay or apply and a server. */
import type { Fault as LineFault } from '../../support/fault-proxy.ts';
import type { LineName } from '../servers.ts';
import type { Fault, Scene } from './fault.ts';

const FIRST_BYTE = 100;
const BYTES = 60_000;

/** Holds for all connections: those that are open are reset, so that new ones are made; at the end once more. */
const lasting =
  (name: LineName, faultOf: (scene: Scene) => LineFault): Fault =>
  (scene) => {
    const line = scene.servers.lines[name];
    line.fault = faultOf(scene);
    line.reset();
    return Promise.resolve(() => {
      line.fault = undefined;
      line.reset();
      return Promise.resolve();
    });
  };

/** Nobody is reached. */
export const cut = (name: LineName): Fault => lasting(name, () => ({ kind: 'refuse' }));

export const slow = (name: LineName): Fault => lasting(name, () => ({ kind: 'slow', bytesPerSecond: 1024 }));

/** One byte of each connection; of one to MySQL that is not encrypted only among the events, which have checksums. */
export const flipped = (name: LineName): Fault =>
  lasting(name, ({ below, stream }) => ({
    kind: 'flip',
    atByte: FIRST_BYTE + below(BYTES),
    from: name === 'source' && !stream.isEncrypted ? 'dump' : 'start',
  }));

/** In the handshake of TLS; of a connection that has none, in the greeting of the server. */
export const cutInHandshake = (name: LineName): Fault =>
  lasting(name, ({ stream }) =>
    stream.isEncrypted ? { kind: 'cut-tls', how: 'reset' } : { kind: 'cut', atByte: 40, how: 'reset' },
  );

/** All connections of now; new ones work. */
export const reset =
  (name: LineName): Fault =>
  ({ servers }) => {
    servers.lines[name].reset();
    return Promise.resolve(() => Promise.resolve());
  };

/** Nothing passes, and nobody is told: neither on open connections nor on new ones. */
export const halfOpen =
  (name: LineName): Fault =>
  ({ servers }) => {
    const line = servers.lines[name];
    line.fault = { kind: 'hold' };
    line.freeze();
    return Promise.resolve(() => {
      line.fault = undefined;
      line.reset();
      return Promise.resolve();
    });
  };
