import { newRowChange, type RowIdentity } from '../../change/change.ts';
import type { RowKey } from '../../change/row-key.ts';
import type { KeyBytes } from '../../source/source.ts';
import type { RowTaker } from '../tables/row-reader.ts';
import type { TablePlan } from '../tables/table-plan.ts';
import { SELECTED } from '../tables/value-form.ts';
import type { ChunkIdentity } from './copied-rows.ts';
import { ExactKey } from './exact-key.ts';
import { identityKey } from './likely-keys.ts';

/** A key that the server was asked for, as the image of a row that has nothing else. */
export interface KeyImage {
  readonly image: Buffer;
  /** See ExactKey. */
  readonly exact: string;
  readonly identity: Readonly<RowIdentity>;
}

/** Gives keys without a row to the lanes, each as a delete that has the columns of the key alone. */
export class AbsentKeys {
  readonly #taker: Pick<RowTaker, 'add'>;
  readonly #plan: TablePlan;
  readonly #exact: ExactKey;
  readonly #identity: RowKey;
  readonly #change = newRowChange();

  /** `plan`: of whole rows. */
  constructor(plan: TablePlan, taker: Pick<RowTaker, 'add'>) {
    this.#taker = taker;
    const key = plan.table.primaryKey.map(({ column }) => column.index);
    this.#plan = plan.reducedTo(key, key);
    this.#exact = new ExactKey(this.#plan.table, SELECTED);
    this.#identity = identityKey(this.#plan.table, SELECTED);
  }

  imageOf(key: KeyBytes): KeyImage {
    const { columns, primaryKey } = this.#plan.table;
    const values = columns.map(({ index }) => key[primaryKey.findIndex(({ column }) => column.index === index)]);
    const image = Buffer.concat([
      Buffer.alloc((columns.length + 7) >> 3),
      ...values.flatMap((value = EMPTY) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(value.length);
        return [length, value];
      }),
    ]);
    const identity = { laneHash: 0, keyHash: 0, isAnyKey: false };
    this.#identity.read(image, 0, identity);
    return { image, exact: this.#exact.read(image, 0), identity };
  }

  /** `first`: so many rows were given under this identity before. */
  give(keys: readonly KeyImage[], { source, number, readMs }: ChunkIdentity, first: number): void {
    const plan = this.#plan;
    const change = this.#change;
    change.transaction.source = source;
    change.transaction.number = number;
    change.transaction.commitTimeMs = readMs;
    change.serial += 1;
    change.before = 0;
    change.start = 0;
    const messageClass = plan.classes.delete(source);
    for (const [i, { image }] of keys.entries()) {
      change.image = image;
      change.end = image.length;
      change.n = first + i;
      plan.key.read(image, 0, change.row);
      this.#taker.add(messageClass, change, undefined);
    }
  }
}

const EMPTY = Buffer.alloc(0);
