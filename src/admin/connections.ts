import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keeps room for the next client: beyond `limit` connections the oldest one that is not being answered gives way.
 * Whoever holds connections without asking anything cannot keep a probe out.
 */
export function limitConnections(server: Server, limit: number): void {
  /** The oldest first. */
  const open = new Set<Socket>();
  const answered = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size <= limit) return;
    for (const older of open) {
      if (answered.has(older)) continue;
      older.destroy();
      return;
    }
  });
  server.on('request', (_, response: ServerResponse) => {
    const { socket } = response;
    if (socket === null) return;
    answered.add(socket);
    response.once('close', () => answered.delete(socket));
  });
}
