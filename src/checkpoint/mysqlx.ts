import type { Collection, Session } from '@mysql/xdevapi';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { OwnRecord, RecordPlace, RecordSession } from './checkpoint-record.ts';
import type { CheckpointStore } from './checkpoint.ts';
import { DUPLICATE_DOCUMENT, locationOf, NO_SUCH_TABLE, serverCode, type MysqlxPlace } from './mysqlx-errors.ts';
import { MysqlxSessions, type MysqlxAccess } from './mysqlx-session.ts';
import { RecordCheckpointStore } from './record-store.ts';

export interface MysqlxCheckpointSurroundings {
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The checkpoint as one document of a collection. The collection is created by the first save, its schema is not. */
export function createMysqlxCheckpointStore(
  access: MysqlxAccess,
  { logger, clock }: MysqlxCheckpointSurroundings,
): CheckpointStore {
  const { schema, collection, name } = access;
  const sessions = new MysqlxSessions(access, clock);
  const place: RecordPlace = {
    location: locationOf(access),
    removal: `DELETE FROM ${schema}.${collection} WHERE _id = '${name}'`,
    use: (work) => sessions.use((session, found) => work(new StoredDocument(session, found, access))),
  };
  return new RecordCheckpointStore(place, logger);
}

class StoredDocument implements RecordSession {
  readonly #session: Session;
  readonly #collection: Collection;
  readonly #place: MysqlxPlace;

  constructor(session: Session, collection: Collection, place: MysqlxPlace) {
    this.#session = session;
    this.#collection = collection;
    this.#place = place;
  }

  async read(): Promise<unknown> {
    try {
      const result = await this.#collection.find('_id = :name').bind('name', this.#place.name).execute();
      const found: unknown = result.fetchOne();
      return found ?? undefined;
    } catch (error) {
      if (serverCode(error) === NO_SUCH_TABLE) return undefined;
      throw error;
    }
  }

  async insert(record: OwnRecord): Promise<boolean> {
    const { schema, collection, name } = this.#place;
    const add = async (): Promise<void> => {
      await this.#collection.add({ _id: name, ...record }).execute();
    };
    try {
      await add().catch(async (error: unknown) => {
        if (serverCode(error) !== NO_SUCH_TABLE) throw error;
        await this.#session.getSchema(schema).createCollection(collection, { reuseExisting: true });
        await add();
      });
      return true;
    } catch (error) {
      if (serverCode(error) === DUPLICATE_DOCUMENT) return false;
      throw error;
    }
  }

  async replace(known: number, { revision, writer, current, previous }: OwnRecord): Promise<boolean> {
    const result = await this.#collection
      .modify('_id = :name AND revision = :known')
      .bind({ name: this.#place.name, known })
      .set('revision', revision)
      .set('writer', writer)
      .set('current', current)
      .set('previous', previous)
      .execute();
    return result.getAffectedItemsCount() === 1;
  }
}
