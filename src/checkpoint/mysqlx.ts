import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Collection, Session } from '@mysql/xdevapi';
import type { Clock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Checkpoint, CheckpointStore, Taken } from './checkpoint.ts';
import { requireNotReplaced, takenError } from './fence.ts';
import { parseCheckpoint, renderCheckpoint } from './file-format.ts';
import { DUPLICATE_DOCUMENT, locationOf, NO_SUCH_TABLE, serverCode, type MysqlxPlace } from './mysqlx-errors.ts';
import { MysqlxSessions, type MysqlxAccess } from './mysqlx-session.ts';
import { withNextEpoch } from './next-epoch.ts';

export interface MysqlxCheckpointSurroundings {
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * The checkpoint as one document of a collection: two generations, each the text of a checkpoint file, so that damage
 * to the newer one is noticed and costs one interval. The collection is created by the first save, its schema is not.
 */
export function createMysqlxCheckpointStore(
  access: MysqlxAccess,
  { logger, clock }: MysqlxCheckpointSurroundings,
): CheckpointStore {
  return new MysqlxCheckpointStore(access, new MysqlxSessions(access, clock), logger);
}

const documentSchema = z.object({
  /**
   * One more with each save, which replaces only the revision that it knows: a save that was given up as lost, and that
   * a server does after all when it wakes up, can not take back what was saved since. Otherwise an epoch could be given
   * out twice.
   */
  revision: z.int().min(1),
  /** Which run made it. Absent in documents of older versions. */
  writer: z.string().optional(),
  current: z.string(),
  previous: z.string(),
});

type StoredDocument = z.output<typeof documentSchema>;

/**
 * The fence is the document itself: a run begins with the revision that it has read, and goes on only with revisions
 * that are its own. What another run has stored since, it never overwrites.
 */
class MysqlxCheckpointStore implements CheckpointStore {
  readonly location: string;
  readonly #place: MysqlxPlace;
  readonly #sessions: MysqlxSessions;
  readonly #logger: Logger;
  readonly #writer = randomUUID();
  /**
   * Revision of the document that the first save has to replace, 0 when there was none; undefined until it was looked
   * at.
   */
  #begins: number | undefined;
  #hasStored = false;

  constructor(place: MysqlxPlace, sessions: MysqlxSessions, logger: Logger) {
    this.location = locationOf(place);
    this.#place = place;
    this.#sessions = sessions;
    this.#logger = logger;
  }

  async load(): Promise<Checkpoint | undefined> {
    const found = await this.#sessions.use((_, collection) => this.#read(collection));
    return found === 'none' ? undefined : this.#choose(found);
  }

  async take(): Promise<Taken> {
    const found = await this.#sessions.use((_, collection) => this.#read(collection));
    const stored = found === 'none' ? undefined : this.#choose(found);
    this.#begins = revisionOf(found);
    return { stored, epoch: (stored?.epoch ?? 0) + 1 };
  }

  async confirm(): Promise<void> {
    this.#requireOurs(await this.#sessions.use((_, collection) => this.#read(collection)));
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const text = renderCheckpoint(checkpoint);
    await this.#sessions.use(async (session, collection) => {
      // An earlier attempt that was given up may have been done all the same: then it is found here, and is ours.
      const before = await this.#read(collection);
      this.#requireOurs(before);
      if (before !== 'none') this.#requireNotReplaced(before, checkpoint);
      const after = successor(before, text, this.#writer);
      const isDone =
        before === 'none'
          ? await this.#insert(session, collection, after)
          : await this.#replace(collection, before.revision, after);
      if (isDone) {
        this.#hasStored = true;
        return;
      }
      this.#requireOurs(await this.#read(collection));
      throw new RelayError(
        'CHECKPOINT_UNREACHABLE',
        `${this.location}: the document was changed meanwhile, by an earlier attempt that the server finished late`,
        { remedy: 'Nothing to do: the relay tries again.' },
      );
    });
  }

  /** Sessions live for one use. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Throws CHECKPOINT_LOCKED, later CHECKPOINT_TAKEN, for what neither this run has stored, nor was there when it
   * began.
   */
  #requireOurs(found: StoredDocument | 'none'): void {
    if (found !== 'none' && found.writer === this.#writer) {
      this.#hasStored = true;
      return;
    }
    const revision = revisionOf(found);
    // A run that has not looked yet begins with what there is. A document that was removed by hand belongs to no run.
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

  #requireNotReplaced({ current, previous }: StoredDocument, ours: Checkpoint): void {
    for (const text of [current, previous]) {
      const parsed = parse(text);
      if (parsed.ok) requireNotReplaced(parsed.checkpoint, ours, this.location);
    }
  }

  async #read(collection: Collection): Promise<StoredDocument | 'none'> {
    let found: unknown;
    try {
      found = (await collection.find('_id = :name').bind('name', this.#place.name).execute()).fetchOne();
    } catch (error) {
      if (serverCode(error) === NO_SUCH_TABLE) return 'none';
      throw error;
    }
    if (found === undefined || found === null) return 'none';
    const parsed = documentSchema.safeParse(found);
    if (parsed.success) return parsed.data;
    throw this.#damaged('the document lacks revision, current or previous');
  }

  async #insert(session: Session, collection: Collection, document: StoredDocument): Promise<boolean> {
    const add = async (): Promise<void> => {
      await collection.add({ _id: this.#place.name, ...document }).execute();
    };
    try {
      await add().catch(async (error: unknown) => {
        if (serverCode(error) !== NO_SUCH_TABLE) throw error;
        await session.getSchema(this.#place.schema).createCollection(this.#place.collection, { reuseExisting: true });
        await add();
      });
      return true;
    } catch (error) {
      if (serverCode(error) === DUPLICATE_DOCUMENT) return false;
      throw error;
    }
  }

  async #replace(
    collection: Collection,
    known: number,
    document: StoredDocument & { readonly writer: string },
  ): Promise<boolean> {
    const { revision, writer, current, previous } = document;
    const result = await collection
      .modify('_id = :name AND revision = :known')
      .bind({ name: this.#place.name, known })
      .set('revision', revision)
      .set('writer', writer)
      .set('current', current)
      .set('previous', previous)
      .execute();
    return result.getAffectedItemsCount() === 1;
  }

  #choose({ current, previous }: StoredDocument): Checkpoint {
    const newest = parse(current);
    if (newest.ok) return newest.checkpoint;
    const older = parse(previous);
    if (!older.ok) throw this.#damaged(`current: ${newest.problem}; previous: ${older.problem}`);
    this.#logger.warn(
      { checkpoint: this.location, problem: newest.problem, instead: 'previous' },
      'the newest checkpoint is damaged; going on from the previous one, what came after it is published again',
    );
    return withNextEpoch(older.checkpoint);
  }

  #damaged(problem: string): RelayError {
    const { schema, collection, name } = this.#place;
    return new RelayError('CHECKPOINT_DAMAGED', `no sound checkpoint in ${this.location}: ${problem}`, {
      remedy: `Find a position before the last published change, DELETE FROM ${schema}.${collection} WHERE _id = '${name}', and start there with source.start.`,
    });
  }
}

/**
 * What is not sound does not become the previous generation, and what stands after it is too old to: it would give out
 * an epoch twice.
 */
function successor(
  before: StoredDocument | 'none',
  current: string,
  writer: string,
): StoredDocument & { readonly writer: string } {
  if (before === 'none') return { revision: 1, writer, current, previous: current };
  return {
    revision: before.revision + 1,
    writer,
    current,
    previous: parse(before.current).ok ? before.current : current,
  };
}

function revisionOf(found: StoredDocument | 'none'): number {
  return found === 'none' ? 0 : found.revision;
}

function parse(text: string): ReturnType<typeof parseCheckpoint> {
  return parseCheckpoint(Buffer.from(text));
}
