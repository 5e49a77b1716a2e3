/**
 * A line to a server that can break on one side only: the client sees the connection end, and the server hears nothing
 * of it.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Connections {
  readonly from: Socket;
  readonly to: Socket;
}

export class BreakableLine {
  readonly port: number;
  readonly #server: Server;
  readonly #open: ReadonlySet<Connections>;

  private constructor(server: Server, open: ReadonlySet<Connections>) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#open = open;
  }

  static async to({ host, port }: { readonly host: string; readonly port: number }): Promise<BreakableLine> {
    const open = new Set<Connections>();
    const server = createServer((from) => {
      const to = connect(port, host);
      open.add({ from, to });
      from.on('error', () => undefined);
      to.on('error', () => undefined);
      from.pipe(to, { end: false });
      to.pipe(from);
      from.on('end', () => to.end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BreakableLine(server, open);
  }

  /** All connections of now; those that come later work. */
  break(): void {
    for (const { from, to } of this.#open) {
      from.unpipe(to);
      to.unpipe(from);
      from.resetAndDestroy();
    }
  }

  close(): void {
    for (const { from, to } of this.#open) {
      from.destroy();
      to.destroy();
    }
    this.#server.close();
  }
}
