import type { Connection } from 'mysql2/promise';
import { lineError } from '../mysql/thrown.ts';
import { bareOf, type OnPacket, type RowCommand } from './bare-connection.ts';

/** Takes `b[from, end)`, which is valid during the call only; false: no more of them. */
export type TakePacket = (b: Buffer, from: number, end: number) => boolean;

/**
 * Hands over the rows of a SELECT as mysql2 gets them, without making values of them. Resolves with true after the last
 * one, with false as soon as `take` has returned false. Rejects when no row has come for `silenceMs` although rows were
 * wanted.
 */
export function rowPackets(
  connection: Connection,
  sql: string,
  take: TakePacket,
  silenceMs: number,
  isPaused: () => boolean,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let rows = 0;
    let rowsSeen = -1;
    let isSettled = false;
    const ignore: OnPacket = function ignored() {
      return ignored;
    };
    const watch = setInterval(() => {
      if (isPaused()) rowsSeen = -1;
      else if (rows === rowsSeen) settle(() => reject(lineError(`no row for ${silenceMs} ms`)));
      else rowsSeen = rows;
    }, silenceMs);
    // mysql2 does not end what was asked of a connection that is destroyed: the process must not wait for this.
    watch.unref();
    const settle = (end: () => void): void => {
      isSettled = true;
      clearInterval(watch);
      end();
    };
    const command = bareOf(connection).query({ sql, rowsAsArray: true }, (error) => {
      settle(() => (error === null ? resolve(true) : reject(error)));
    });
    const { row: lastPacket } = command;
    const onPacket: OnPacket = function (this: RowCommand, packet, owner) {
      // mysql2's own code reads what comes after the last row.
      if (packet.isEOF()) return lastPacket.call(this, packet, owner);
      if (isSettled) return ignore;
      rows += 1;
      try {
        if (take(packet.buffer, packet.offset, packet.end)) return onPacket;
        settle(() => resolve(false));
      } catch (error) {
        settle(() => reject(error instanceof Error ? error : new Error(String(error))));
      }
      return ignore;
    };
    command.row = onPacket;
  });
}
