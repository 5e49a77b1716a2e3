import { randomUUID } from 'node:crypto';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { recordSchema, type OwnRecord, type RecordPlace, type StoredRecord } from './checkpoint-record.ts';
import type { Checkpoint, CheckpointStore, Taken } from './checkpoint.ts';
import { requireNotReplaced, takenError } from './fence.ts';
import { parseCheckpoint, renderCheckpoint } from './file-format.ts';
import { withNextEpoch } from './next-epoch.ts';

/**
 * The checkpoint as one record of a server: two generations, so that damage to the newer one is noticed and costs one
 * interval.
 *
 * The fence is the record itself: a run begins with the revision that it has read, and goes on only with revisions
 * that are its own. What another run has stored since, it never overwrites.
 */
export class RecordCheckpointStore implements CheckpointStore {
  readonly location: string;
  readonly #place: RecordPlace;
  readonly #logger: Logger;
  readonly #writer = randomUUID();
  /**
   * Revision of the record that the first save has to replace, 0 when there was none; undefined until it was looked at.
   */
  #begins: number | undefined;
  #hasStored = false;

  constructor(place: RecordPlace, logger: Logger) {
    this.location = place.location;
    this.#place = place;
    this.#logger = logger;
  }

  async load(): Promise<Checkpoint | undefined> {
    const found = await this.#read();
    return found === 'none' ? undefined : this.#choose(found);
  }

  async take(): Promise<Taken> {
    const found = await this.#read();
    const stored = found === 'none' ? undefined : this.#choose(found);
    this.#begins = revisionOf(found);
    return { stored, epoch: (stored?.epoch ?? 0) + 1 };
  }

  async confirm(): Promise<void> {
    this.#requireOurs(await this.#read());
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const text = renderCheckpoint(checkpoint);
    await this.#place.use(async (session) => {
      // An earlier attempt that was given up may have been done all the same: then it is found here, and is ours.
      const before = this.#parsed(await session.read());
      this.#requireOurs(before);
      if (before !== 'none') this.#requireNotReplaced(before, checkpoint);
      const after = successor(before, text, this.#writer);
      const isDone =
        before === 'none'
          ? await session.insert(after, checkpoint)
          : await session.replace(before.revision, after, checkpoint);
      if (isDone) {
        this.#hasStored = true;
        return;
      }
      this.#requireOurs(this.#parsed(await session.read()));
      throw new RelayError(
        'CHECKPOINT_UNREACHABLE',
        `${this.location}: it was changed meanwhile, by an earlier attempt that the server finished late`,
        { remedy: 'Nothing to do: the relay tries again.' },
      );
    });
  }

  /** Sessions live for one use. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #read(): Promise<StoredRecord | 'none'> {
    return this.#place.use(async (session) => this.#parsed(await session.read()));
  }

  #parsed(found: unknown): StoredRecord | 'none' {
    if (found === undefined) return 'none';
    const parsed = recordSchema.safeParse(found);
    if (parsed.success) return parsed.data;
    const fields = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
    throw this.#damaged(`it lacks, or has no sound ${[...fields].join(', ')}`);
  }

  /**
   * Throws CHECKPOINT_LOCKED, later CHECKPOINT_TAKEN, for what neither this run has stored, nor was there when it
   * began.
   */
  #requireOurs(found: StoredRecord | 'none'): void {
    if (found !== 'none' && found.writer === this.#writer) {
      this.#hasStored = true;
      return;
    }
    const revision = revisionOf(found);
    // A run that has not looked yet begins with what there is. A record that was removed by hand belongs to no run.
    this.#begins ??= revision;
    if (revision === this.#begins || found === 'none') return;
    if (this.#hasStored) throw takenError(this.location, 'it has stored there since this run has');
    throw new RelayError(
      'CHECKPOINT_LOCKED',
      `another relay is running on ${this.location}: it has stored there meanwhile`,
      {
        remedy: 'Stop one of them, or give each a checkpoint.name of its own. Nothing was read, sent or stored.',
      },
    );
  }

  #requireNotReplaced({ current, previous, stream, epoch }: StoredRecord, ours: Checkpoint): void {
    if (stream !== undefined && epoch !== undefined) requireNotReplaced({ stream, epoch }, ours, this.location);
    for (const text of [current, previous]) {
      const parsed = parse(text);
      if (parsed.ok) requireNotReplaced(parsed.checkpoint, ours, this.location);
    }
  }

  #choose(record: StoredRecord): Checkpoint {
    const newest = parse(record.current);
    if (newest.ok) {
      this.#requireSameFence(record, newest.checkpoint);
      return newest.checkpoint;
    }
    const older = parse(record.previous);
    if (!older.ok) throw this.#damaged(`current: ${newest.problem}; previous: ${older.problem}`);
    this.#logger.warn(
      { checkpoint: this.location, problem: newest.problem, instead: 'previous' },
      'the newest checkpoint is damaged; going on from the previous one, what came after it is published again',
    );
    return withNextEpoch(older.checkpoint);
  }

  /** The server would refuse every save of the run that goes on from here. */
  #requireSameFence({ stream, epoch }: StoredRecord, current: Checkpoint): void {
    if ((stream ?? current.stream) === current.stream && (epoch ?? current.epoch) === current.epoch) return;
    throw this.#damaged(
      `beside its text it says epoch ${epoch} of stream ${stream}, the text itself epoch ${current.epoch} of stream ${current.stream}`,
    );
  }

  #damaged(problem: string): RelayError {
    return new RelayError('CHECKPOINT_DAMAGED', `no sound checkpoint in ${this.location}: ${problem}`, {
      remedy: `Nothing was changed. Restore it from a backup of that server; or find a position before the last published change, ${this.#place.removal}, and start there with source.start.`,
    });
  }
}

/**
 * What is not sound does not become the previous generation, and what stands after it is too old to: it would give out
 * an epoch twice.
 */
function successor(before: StoredRecord | 'none', current: string, writer: string): OwnRecord {
  if (before === 'none') return { revision: 1, writer, current, previous: current };
  return {
    revision: before.revision + 1,
    writer,
    current,
    previous: parse(before.current).ok ? before.current : current,
  };
}

function revisionOf(found: StoredRecord | 'none'): number {
  return found === 'none' ? 0 : found.revision;
}

function parse(text: string): ReturnType<typeof parseCheckpoint> {
  return parseCheckpoint(Buffer.from(text));
}
