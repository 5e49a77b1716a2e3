import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { OwnRecord, RecordPlace, RecordSession } from './checkpoint-record.ts';
import type { Checkpoint, CheckpointStore } from './checkpoint.ts';
import {
  cannotCreate,
  DUPLICATE_KEY,
  isPrivilegeMissing,
  locationOf,
  NO_SUCH_TABLE,
  serverErrno,
  type MysqlPlace,
} from './mysql-errors.ts';
import { MysqlSessions, type MysqlAccess, type Query } from './mysql-session.ts';
import { insertSql, replaceSql, selectSql, tableDefinition } from './mysql-table.ts';
import { RecordCheckpointStore } from './record-store.ts';

export interface MysqlCheckpointSurroundings {
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The checkpoint as one row of a table. The table is created by the first save, its database is not. */
export function createMysqlCheckpointStore(
  access: MysqlAccess,
  { logger, clock }: MysqlCheckpointSurroundings,
): CheckpointStore {
  const { database, table, name } = access;
  const sessions = new MysqlSessions(access, clock);
  const place: RecordPlace = {
    location: locationOf(access),
    removal: `DELETE FROM ${database}.${table} WHERE name = '${name}'`,
    use: (work) => sessions.use((query) => work(new StoredRow(query, access))),
  };
  return new RecordCheckpointStore(place, logger);
}

class StoredRow implements RecordSession {
  readonly #query: Query;
  readonly #place: MysqlPlace;

  constructor(query: Query, place: MysqlPlace) {
    this.#query = query;
    this.#place = place;
  }

  async read(): Promise<unknown> {
    try {
      const { rows } = await this.#query(selectSql(this.#place), [this.#place.name]);
      return rows[0];
    } catch (thrown) {
      if (serverErrno(thrown) === NO_SUCH_TABLE) return undefined;
      throw thrown;
    }
  }

  async insert(record: OwnRecord, of: Checkpoint): Promise<boolean> {
    const add = (): Promise<unknown> =>
      this.#query(insertSql(this.#place), [this.#place.name, ...valuesOf(record, of)]);
    try {
      await add().catch(async (thrown: unknown) => {
        if (serverErrno(thrown) !== NO_SUCH_TABLE) throw thrown;
        await this.#create();
        await add();
      });
      return true;
    } catch (thrown) {
      if (serverErrno(thrown) === DUPLICATE_KEY) return false;
      throw thrown;
    }
  }

  async replace(known: number, record: OwnRecord, of: Checkpoint): Promise<boolean> {
    const fence = [this.#place.name, known, of.stream, of.epoch];
    const { found } = await this.#query(replaceSql(this.#place), [...valuesOf(record, of), ...fence]);
    return found === 1;
  }

  async #create(): Promise<void> {
    try {
      await this.#query(tableDefinition(this.#place));
    } catch (thrown) {
      throw isPrivilegeMissing(thrown) ? cannotCreate(thrown, this.#place) : thrown;
    }
  }
}

/** In the order of the columns after the name. */
function valuesOf(
  { revision, writer, current, previous }: OwnRecord,
  { stream, epoch }: Checkpoint,
): readonly (string | number)[] {
  return [revision, writer, stream, epoch, current, previous];
}
