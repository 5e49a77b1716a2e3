import * as z from 'zod';
import type { Collection, Session } from '@mysql/xdevapi';
import type { Clock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Checkpoint, CheckpointStore } from './checkpoint.ts';
import { parseCheckpoint, renderCheckpoint } from './file-format.ts';
import { DUPLICATE_DOCUMENT, locationOf, NO_SUCH_TABLE, serverCode, type MysqlxPlace } from './mysqlx-errors.ts';
import { MysqlxSessions, type MysqlxAccess } from './mysqlx-session.ts';
import { withNextEpoch } from './next-epoch.ts';

export interface MysqlxCheckpointSurroundings {
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * The checkpoint as one document of a collection: two generations, each the text of a checkpoint file, so that damage to the newer one is noticed
 * and costs one interval. The collection is created by the first save, its schema is not.
 */
export function createMysqlxCheckpointStore(
  access: MysqlxAccess,
  { logger, clock }: MysqlxCheckpointSurroundings,
): CheckpointStore {
  return new MysqlxCheckpointStore(access, new MysqlxSessions(access, clock), logger);
}

const documentSchema = z.object({
  /**
   * One more with each save, which replaces only the revision that it knows: a save that was given up as lost, and that a server does after all
   * when it wakes up, can not take back what was saved since. Otherwise an epoch could be given out twice.
   */
  revision: z.int().min(1),
  current: z.string(),
  previous: z.string(),
});

type StoredDocument = z.output<typeof documentSchema>;

class MysqlxCheckpointStore implements CheckpointStore {
  readonly location: string;
  readonly #place: MysqlxPlace;
  readonly #sessions: MysqlxSessions;
  readonly #logger: Logger;
  /** As it is on the server, 'none' when there is none; undefined until it was looked at. */
  #known: StoredDocument | 'none' | undefined;

  constructor(place: MysqlxPlace, sessions: MysqlxSessions, logger: Logger) {
    this.location = locationOf(place);
    this.#place = place;
    this.#sessions = sessions;
    this.#logger = logger;
  }

  async load(): Promise<Checkpoint | undefined> {
    const found = await this.#sessions.use((_, collection) => this.#read(collection));
    this.#known = found;
    return found === 'none' ? undefined : this.#choose(found);
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const text = renderCheckpoint(checkpoint);
    const known = this.#known;
    // When it fails, the server may have done it all the same: the next save looks.
    this.#known = undefined;
    this.#known = await this.#sessions.use(async (session, collection) => {
      const before = known ?? (await this.#read(collection));
      const after = successor(before, text);
      const isDone =
        before === 'none'
          ? await this.#insert(session, collection, after)
          : await this.#replace(collection, before.revision, after);
      if (!isDone) {
        throw new RelayError(
          'CHECKPOINT_UNREACHABLE',
          `${this.location}: the document was changed meanwhile, by an earlier attempt that the server finished late or by another relay`,
          {
            remedy:
              'Nothing to do if it happens once. If it goes on, two relays have the same checkpoint.name: give one another.',
          },
        );
      }
      return after;
    });
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

  async #replace(collection: Collection, known: number, document: StoredDocument): Promise<boolean> {
    const { revision, current, previous } = document;
    const result = await collection
      .modify('_id = :name AND revision = :known')
      .bind({ name: this.#place.name, known })
      .set('revision', revision)
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

/** What is not sound does not become the previous generation, and what stands behind it is too old to: it would give out an epoch twice. */
function successor(before: StoredDocument | 'none', current: string): StoredDocument {
  if (before === 'none') return { revision: 1, current, previous: current };
  return {
    revision: before.revision + 1,
    current,
    previous: parse(before.current).ok ? before.current : current,
  };
}

function parse(text: string): ReturnType<typeof parseCheckpoint> {
  return parseCheckpoint(Buffer.from(text));
}
