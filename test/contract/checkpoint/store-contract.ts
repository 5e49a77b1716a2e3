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
      await fc.assert(
        fc.asyncProperty(anyCheckpoint, async (saved) => {
          const { open } = await place();
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

    describe('is fenced', () => {
      it('gives out each epoch once, above all before', async () => {
        const { open } = await place();
        const first = open();
        expect(await first.take()).toEqual({ stored: undefined, epoch: 1 });
        await first.save(checkpoint(1, { epoch: 1 }));
        await first.close();
        const second = open();
        expect(await second.take()).toEqual({ stored: checkpoint(1, { epoch: 1 }), epoch: 2 });
        await second.save(checkpoint(2, { epoch: 2 }));
        await second.close();
        expect((await open().take()).epoch).toBe(3);
      });

      it('stores nothing over a higher epoch, however often it is asked to', async () => {
        const { open } = await place();
        const store = open();
        await store.save(checkpoint(1));
        await open().save(checkpoint(2, { epoch: 8 }));
        for (let n = 3; n < 6; n += 1)
          await expect(store.save(checkpoint(n))).rejects.toMatchObject({ code: 'CHECKPOINT_TAKEN' });
        expect(await open().load()).toEqual(checkpoint(2, { epoch: 8 }));
      });

      it('stores nothing over another stream', async () => {
        const { open } = await place();
        await open().save(checkpoint(1));
        const store = open();
        const other = checkpoint(2, { stream: 'ffffffff', epoch: 9 });
        for (let n = 0; n < 3; n += 1)
          await expect(store.save(other)).rejects.toMatchObject({ code: 'CHECKPOINT_TAKEN' });
        expect(await open().load()).toEqual(checkpoint(1));
      });

      it('lets a run read what it has, and says that it has it', async () => {
        const { open } = await place();
        const store = open();
        await store.take();
        await store.save(checkpoint(1));
        await store.confirm();
        expect(await open().load()).toEqual(checkpoint(1));
        await store.save(checkpoint(2));
        await store.close();
        await store.close();
      });
    });

    it('says where it is', async () => {
      const { open } = await place();
      expect(open().location).not.toBe('');
    });
  });
}
