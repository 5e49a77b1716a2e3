/**
 * A TCP proxy between a client and a real server, for faults that neither can be asked for. What is set holds for the
 * connections that are made from then on; `freeze` and `reset` are for those that are open. Bytes are counted from 0 in
 * the direction from the server to the client.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export type Fault =
  /** Accepted, and reset at once. */
  | { readonly kind: 'refuse' }
  /** Accepted, and nothing passes in either direction. */
  | { readonly kind: 'hold' }
  /** Ended in order (`end`) or reset (`reset`) when so many bytes have been passed on. */
  | { readonly kind: 'cut'; readonly atByte: number; readonly how: 'end' | 'reset' }
  /**
   * Reset by the client's first bytes that begin a TLS handshake: the server has said hello, and nothing is encrypted
   * yet.
   */
  | { readonly kind: 'cut-tls'; readonly how: 'end' | 'reset' }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /**
   * Every bit of one byte is turned over. `dump`: counted from the client's request for MySQL's binlog, on a connection
   * that is not encrypted; others stay whole.
   */
  | { readonly kind: 'flip'; readonly atByte: number; readonly from?: 'start' | 'dump' };

interface Line {
  readonly client: Socket;
  readonly server: Socket;
}

const TLS_HANDSHAKE = 0x16;
const CLIENT_HELLO_OFFSETS = 64;
const SLICE_MS = 20;

export class FaultProxy {
  /** Undefined: everything passes. */
  fault: Fault | undefined;
  /** Where connections lead that are made from now on. */
  target: { readonly host: string; readonly port: number };
  /** Of all connections so far. */
  connections = 0;
  /** How many bytes were flipped so far. */
  flips = 0;
  /** Connections of a client, told by its port, that are accepted and bring nothing: the client is cut off. */
  isCutOff: (clientPort: number) => boolean = () => false;
  readonly #lines = new Set<Line>();
  /** Of clients that are cut off. */
  readonly #held = new Set<Socket>();
  readonly #listener: Server;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.target = target;
    this.#listener = createServer((client) => this.#join(client));
  }

  static async to(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  get host(): string {
    return '127.0.0.1';
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Half-open: nothing passes any more in either direction, and nobody is told. Returns what lets the servers know. */
  freeze(isFrozen: (clientPort: number) => boolean = () => true): () => void {
    const frozen = [...this.#lines].filter(({ client }) => isFrozen(client.remotePort ?? 0));
    for (const { client, server } of frozen) {
      client.removeAllListeners('data').pause();
      server.removeAllListeners('data').pause();
    }
    return () => {
      for (const { server } of frozen) server.removeAllListeners('close').destroy();
    };
  }

  /** Both sides of every open connection get a reset. How many there were. */
  reset(): number {
    const open = this.#lines.size;
    for (const { client, server } of this.#lines) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    return open;
  }

  async close(): Promise<void> {
    for (const { client, server } of this.#lines) {
      client.destroy();
      server.destroy();
    }
    for (const client of this.#held) client.destroy();
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    await closed;
  }

  #join(client: Socket): void {
    this.connections += 1;
    const { fault } = this;
    client.on('error', () => undefined);
    if (fault?.kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    if (this.isCutOff(client.remotePort ?? 0)) {
      this.#held.add(client);
      client.on('close', () => this.#held.delete(client));
      return;
    }
    const server = connect(this.target.port, this.target.host);
    // Small writes are not to wait for one another: nothing is slower than without a proxy unless that is the fault.
    client.setNoDelay();
    server.setNoDelay();
    const line = { client, server };
    this.#lines.add(line);
    server.on('error', () => client.destroy());
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('end', () => to.end());
      from.on('close', () => {
        this.#lines.delete(line);
        to.destroy();
      });
    }
    if (fault?.kind === 'hold') {
      client.pause();
      server.pause();
      return;
    }
    client.on('data', (bytes: Buffer) => {
      if (fault?.kind === 'cut-tls' && beginsTls(bytes)) cut(line, fault.how);
      else server.write(bytes);
    });
    // From where bytes are counted, of those that have passed.
    let passed = 0;
    let isCounting = fault?.kind !== 'flip' || fault.from !== 'dump';
    client.on('data', (bytes: Buffer) => {
      isCounting ||= asksForBinlog(bytes);
    });
    server.on('data', (bytes: Buffer) => {
      const start = passed;
      if (isCounting) passed += bytes.length;
      if (fault?.kind === 'cut' && passed >= fault.atByte) {
        client.write(bytes.subarray(0, fault.atByte - start), () => cut(line, fault.how));
        server.pause();
        return;
      }
      if (fault?.kind === 'flip' && start <= fault.atByte && fault.atByte < passed) {
        this.flips += 1;
        bytes.writeUInt8(bytes.readUInt8(fault.atByte - start) ^ 0xff, fault.atByte - start);
      }
      if (fault?.kind === 'slow') this.#trickle(line, bytes, fault.bytesPerSecond);
      else client.write(bytes);
    });
  }

  #trickle({ client, server }: Line, bytes: Buffer, bytesPerSecond: number): void {
    server.pause();
    const slice = Math.max(1, Math.floor((bytesPerSecond * SLICE_MS) / 1000));
    let sent = 0;
    const send = (): void => {
      if (client.destroyed) return;
      client.write(bytes.subarray(sent, sent + slice));
      sent += slice;
      if (sent < bytes.length) setTimeout(send, SLICE_MS);
      else setTimeout(() => server.resume(), SLICE_MS);
    };
    send();
  }
}

/** COM_BINLOG_DUMP or COM_BINLOG_DUMP_GTID, the first packet of a request. */
const asksForBinlog = (bytes: Buffer): boolean => bytes[3] === 0 && (bytes[4] === 0x12 || bytes[4] === 0x1e);

/** MySQL's request for TLS stands before the handshake, often in the same read. */
function beginsTls(bytes: Buffer): boolean {
  const at = bytes.subarray(0, CLIENT_HELLO_OFFSETS).indexOf(Buffer.from([TLS_HANDSHAKE, 3]));
  return at === 0 || at === 36;
}

function cut({ client, server }: Line, how: 'end' | 'reset'): void {
  server.destroy();
  if (how === 'reset') client.resetAndDestroy();
  else client.end();
}
