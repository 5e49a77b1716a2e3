/** Two databases for each test of a file, of which verify compares one with the other. */
import { afterEach, beforeEach } from 'vitest';
import type { TableResult } from '../../src/verify/verify.ts';
import { freshDatabase, type FreshDatabase } from './servers.ts';
import { verify, type Verifying } from './verifying.ts';

/** To be called once in a file; the databases are there while its tests run. */
export class VerifiedPair {
  #source: FreshDatabase | undefined;
  #target: FreshDatabase | undefined;

  constructor() {
    beforeEach(async () => {
      this.#source = await freshDatabase({ prefix: 'source' });
      this.#target = await freshDatabase({ prefix: 'target' });
    });
    afterEach(async () => {
      await this.source.drop();
      await this.target.drop();
    });
  }

  get source(): FreshDatabase {
    return made(this.#source);
  }

  /** The ledger is there too. */
  get target(): FreshDatabase {
    return made(this.#target);
  }

  /** Runs statements in both. */
  async both(sql: string): Promise<void> {
    await this.source.connection.query(sql);
    await this.target.connection.query(sql);
  }

  get names(): Pick<Verifying, 'sourceDatabase' | 'targetDatabase' | 'ledger'> {
    return { sourceDatabase: this.source.name, targetDatabase: this.target.name, ledger: this.target.name };
  }

  found(options: Verifying['options'] = {}): Promise<readonly TableResult[]> {
    return verify({ ...this.names, options });
  }

  /** Of the first table. */
  async one(options: Verifying['options'] = {}): Promise<TableResult> {
    const [result] = await this.found(options);
    if (result === undefined) throw new Error('no table was compared');
    return result;
  }
}

function made(database: FreshDatabase | undefined): FreshDatabase {
  if (database === undefined) throw new Error('the databases are there in tests only');
  return database;
}
