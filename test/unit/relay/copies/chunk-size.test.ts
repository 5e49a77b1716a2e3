import { expect, it } from 'vitest';
import { ChunkSize } from '../../../../src/relay/copies/chunk-size.ts';

const limits = { chunkMs: 100, chunkBytes: 1_000_000, maxRows: 10_000 };

it('grows up to what the time of a chunk allows, step by step', () => {
  const size = new ChunkSize(limits);
  const sizes = [];
  for (let i = 0; i < 6; i += 1) {
    sizes.push(size.rows);
    // 50 rows a millisecond.
    size.took(size.rows, size.rows * 10, size.rows / 50);
  }
  expect(sizes).toEqual([256, 1024, 4096, 5000, 5000, 5000]);
});

it('holds no more bytes than it may, and asks for half of them', () => {
  const size = new ChunkSize(limits);
  size.took(256, 256 * 10_000, 1);
  expect(size.rows).toBe(50);
  size.took(1, 50_000_000, 1);
  expect(size.rows).toBe(1);
});

it('stays as it is when there was no row', () => {
  const size = new ChunkSize({ ...limits, maxRows: 7 });
  size.took(0, 0, 1000);
  expect(size.rows).toBe(7);
});
