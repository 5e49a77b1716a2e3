/**
 * The room of what survives a crash: the low-water mark, and what it is bound to.
 */

/** What a checkpoint was made for. A difference refuses to start: rows would move to other queues, or the position means nothing. */
export interface CheckpointIdentity {
  readonly destination: string;
  readonly queues: number;
  readonly lanes: readonly string[];
  readonly ordering: 'key' | 'table' | 'total';
}

export interface Checkpoint extends CheckpointIdentity {
  /** server_uuid of the source that `file` and `offset` belong to. */
  readonly serverUuid: string;
  readonly file: string;
  readonly offset: number;
  /** GTID set of everything acknowledged; undefined when the source runs without GTIDs. */
  readonly gtidSet: string | undefined;
  /**
   * Name of this line of checkpoints, made up with the first one. Readers count epochs and sequences per stream: so a relay that lost its checkpoint,
   * or another one on the same topic, is not taken for an old run of this one.
   */
  readonly stream: string;
  /** Run counter: raised and stored before the first send of a run. */
  readonly epoch: number;
  /** When it was stored, ISO 8601 in UTC. */
  readonly storedAt: string;
}

export interface CheckpointStore {
  /** Where it is, in words for log and health. */
  readonly location: string;
  /** The newest sound checkpoint; undefined when there is none. Falls back to the previous generation with a warning; throws CHECKPOINT_DAMAGED when none is sound. */
  load(): Promise<Checkpoint | undefined>;
  /** Resolves when the checkpoint survives a power cut. Calls do not overlap: the relay awaits one before the next. */
  save(checkpoint: Checkpoint): Promise<void>;
}
