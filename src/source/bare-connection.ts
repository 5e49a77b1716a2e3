import type { Socket } from 'node:net';
import type { Connection } from 'mysql2/promise';

/** The connection under mysql2's promises: members that its types do not show. */
export interface BareConnection {
  readonly stream: Socket;
  pause(): void;
  resume(): void;
  query(options: { sql: string; rowsAsArray: boolean }, callback: (error: Error | null) => void): RowCommand;
}

/** A query that is under way. */
export interface RowCommand {
  /** Takes the packet of a row, and returns what takes the next packet. */
  row: OnPacket;
}

export type OnPacket = (this: RowCommand, packet: RowPacket, owner: unknown) => unknown;

export interface RowPacket {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isEOF(): boolean;
}

export const bareOf = (connection: Connection): BareConnection =>
  (connection as unknown as { readonly connection: BareConnection }).connection;
