import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { CheckpointStore } from '../../../src/checkpoint/checkpoint.ts';
import { anyCheckpoint, checkpoint } from '../../support/checkpoints.ts';

/** One place where checkpoints are kept. */
export interface StorePlace {
  /** A store as a new process would make it: knows nothing but what the place holds. */
  readonly open: () => CheckpointStore;
  readonly remove: () => Promise<void>;
}

/** What every CheckpointStore promises. */
export function describeCheckpointStore(name: string, newPlace: () => Promise<StorePlace>): void {
  describe(`${name}: contract of CheckpointStore`, () => {
    let places: StorePlace[] = [];
    const place = async (): Promise<StorePlace> => {
      const made = await newPlace();
      places.push(made);
      return made;
    };
    afterEach(async () => {
      await Promise.all(places.map((made) => made.remove()));
      places = [];
    });

    it('has nothing at first', async () => {
      const { open } = await place();
      expect(await open().load()).toBeUndefined();
    });

    it('gives back to a new process what was saved last', async () => {
      const { open } = await place();
      const store = open();
      for (let n = 0; n < 4; n += 1) {
        await store.save(checkpoint(n));
        expect(await open().load()).toEqual(checkpoint(n));
      }
    });

    it('keeps every field of any checkpoint', async () => {
      const { open } = await place();
      await fc.assert(
        fc.asyncProperty(anyCheckpoint, async (saved) => {
          await open().save(saved);
          expect(await open().load()).toEqual(saved);
        }),
        { numRuns: 50 },
      );
    });

    it('tells a source without GTIDs from one with none executed', async () => {
      const { open } = await place();
      await open().save(checkpoint(1, { gtidSet: undefined }));
      expect((await open().load())?.gtidSet).toBeUndefined();
      await open().save(checkpoint(1, { gtidSet: '' }));
      expect((await open().load())?.gtidSet).toBe('');
    });

    it('goes on saving after a load', async () => {
      const { open } = await place();
      await open().save(checkpoint(1));
      const store = open();
      await store.load();
      await store.save(checkpoint(2));
      expect(await store.load()).toEqual(checkpoint(2));
    });

    it('says where it is', async () => {
      const { open } = await place();
      expect(open().location).not.toBe('');
    });
  });
}
