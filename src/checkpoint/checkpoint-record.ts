import * as z from 'zod';
import type { Checkpoint } from './checkpoint.ts';

/** What a server keeps of one relay: two generations, each the text of a checkpoint file. */
export const recordSchema = z.object({
  /**
   * One more with each save, which replaces only the revision that it knows: a save that was given up as lost, and that
   * a server does after all when it wakes up, can not take back what was saved since. Otherwise an epoch could be given
   * out twice.
   */
  revision: z.int().min(1),
  /** Which run made it. Absent in records of older versions. */
  writer: z.string().optional(),
  current: z.string(),
  previous: z.string(),
  /** Those of `current`, where the server compares them itself. */
  stream: z.string().optional(),
  epoch: z.int().optional(),
});

export type StoredRecord = z.output<typeof recordSchema>;

/** As a run writes it. */
export interface OwnRecord extends StoredRecord {
  readonly writer: string;
}

/** The record of one relay, while there is a session with its server. */
export interface RecordSession {
  /** As it stands there, not looked at; undefined when there is none. */
  read(): Promise<unknown>;
  /** False: there is one by now. Makes what it stands in, where that is missing. */
  insert(record: OwnRecord, of: Checkpoint): Promise<boolean>;
  /** False: it is not of the revision `known` any more. */
  replace(known: number, record: OwnRecord, of: Checkpoint): Promise<boolean>;
}

/** Where the record of one relay is kept. */
export interface RecordPlace {
  /** For log and errors. */
  readonly location: string;
  /** Statement that removes the record. */
  readonly removal: string;
  /**
   * The result of `work`, which is broken off after some seconds. Whether the server did what was broken off is then
   * not known: it may do it later. Throws CHECKPOINT_REFUSED, CHECKPOINT_UNREACHABLE, and the RelayErrors of `work`.
   */
  use<T>(work: (session: RecordSession) => Promise<T>): Promise<T>;
}
